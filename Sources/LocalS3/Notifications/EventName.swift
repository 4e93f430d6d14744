/// The events that LocalS3 sends, by the names that MinIO has for them.
///
/// Source: <https://min.io/docs/minio/linux/administration/monitoring/bucket-notifications.html>
enum EventName: String, Sendable, CaseIterable {
    case put = "s3:ObjectCreated:Put"
    case copy = "s3:ObjectCreated:Copy"
    case completeMultipartUpload = "s3:ObjectCreated:CompleteMultipartUpload"
    case putTagging = "s3:ObjectCreated:PutTagging"
    case deleteTagging = "s3:ObjectCreated:DeleteTagging"
    case putRetention = "s3:ObjectCreated:PutRetention"
    case putLegalHold = "s3:ObjectCreated:PutLegalHold"
    case delete = "s3:ObjectRemoved:Delete"
    case deleteMarkerCreated = "s3:ObjectRemoved:DeleteMarkerCreated"
    /// Of uploads by browsers, which LocalS3 does not take: it may be asked for and never comes.
    case post = "s3:ObjectCreated:Post"

    /// Everything that changes an object.
    static let everything = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]

    /// Whether it tells of a version that was not there before.
    var isOfNewVersion: Bool {
        switch self {
        case .put, .post, .copy, .completeMultipartUpload, .deleteMarkerCreated: true
        default: false
        }
    }

    var isRemoval: Bool { self == .delete || self == .deleteMarkerCreated }

    /// The events that a name or a pattern ("s3:ObjectCreated:*") means; none when it is neither.
    static func matching(_ pattern: String) -> [EventName] {
        if let name = EventName(rawValue: pattern) { return [name] }
        guard everything.contains(pattern) else { return [] }
        return allCases.filter { $0.rawValue.hasPrefix(pattern.dropLast()) }
    }
}
