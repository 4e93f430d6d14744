import Signing

/// The headers of a request that become part of an object's record.
enum ObjectHeaders {
    /// System metadata, kept and returned as given.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>
    static let system: Set<String> = [
        "content-type", "content-encoding", "content-language", "content-disposition",
        "cache-control", "expires", "x-amz-website-redirect-location",
    ]
    static let metadataPrefix = "x-amz-meta-"
    /// Names without their prefix, and values, of all user metadata.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>
    static let metadataBytesMaximum = 2_048
    static let defaultContentType = "binary/octet-stream"

    /// Headers that ask for what LocalS3 does not do; to pass over them would be to claim that it was done.
    private static let refused: [String] = [
        "x-amz-server-side-encryption", "x-amz-write-offset-bytes",
        "x-amz-copy-source-server-side-encryption", "x-amz-grant-",
    ]

    /// - Throws: ``S3Failure``: `MetadataTooLarge`, `InvalidStorageClass`, `InvalidTag`, `NotImplemented`.
    static func apply(_ request: S3Request, to record: inout ObjectRecord) throws(S3Failure) {
        try applyMetadata(request, to: &record)
        try applyStorageClass(request, to: &record)
        if let tags = request.header("x-amz-tagging") { record.tags = try Tags.parse(header: tags) }
        try refuseUnsupported(request)
    }

    static func applyMetadata(_ request: S3Request, to record: inout ObjectRecord)
        throws(S3Failure)
    {
        var bytes = 0
        for (name, value) in request.headers {
            let lower = name.lowercased()
            if lower.hasPrefix(metadataPrefix) {
                bytes += lower.utf8.count - metadataPrefix.utf8.count + value.utf8.count
                // A repeated name is one value with commas, as HTTP has it.
                if let index = record.metadata.firstIndex(where: { $0.name == lower }) {
                    record.metadata[index] = NamedValue(
                        lower, record.metadata[index].value + "," + value)
                } else {
                    record.metadata.append(NamedValue(lower, value))
                }
            } else if lower == "content-encoding" {
                let kept = withoutChunked(value)
                if !kept.isEmpty { record.headers.append(NamedValue(lower, kept)) }
            } else if system.contains(lower) {
                record.headers.append(NamedValue(lower, value))
            }
        }
        guard bytes <= metadataBytesMaximum else { throw S3Failure(.metadataTooLarge) }
    }

    static func applyStorageClass(_ request: S3Request, to record: inout ObjectRecord)
        throws(S3Failure)
    {
        guard let name = request.header("x-amz-storage-class") else { return }
        guard let storageClass = StorageClass(name: name) else {
            throw S3Failure(
                .invalidStorageClass, details: [.init(name: .storageClassRequested, value: name)])
        }
        record.storageClass = storageClass
    }

    static func refuseUnsupported(_ request: S3Request) throws(S3Failure) {
        for (name, value) in request.headers where name.utf8.count >= 9 {
            let lower = name.lowercased()
            if refused.contains(where: { lower.hasPrefix($0) }) {
                throw S3Failure.notImplemented(lower)
            }
            if lower == "x-amz-acl", value != "private", value != "bucket-owner-full-control" {
                throw S3Failure.notImplemented(lower)
            }
        }
    }

    /// `aws-chunked` tells of the transfer and is no property of the object.
    private static func withoutChunked(_ value: String) -> String {
        guard value.contains("aws-chunked") else { return value }
        return value.split(separator: ",")
            .map { String($0.drop { $0 == " " }) }
            .filter { $0 != "aws-chunked" }
            .joined(separator: ",")
    }
}
