/// Why a LocalS3 could not start or stop. `kind` is what code branches on.
public struct LocalS3Error: Error, Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        /// Another process has the folder open.
        case folderInUse
        /// The folder holds something else: what is there would be written over.
        case folderForeign
        /// The folder cannot be read or written, or is of another version.
        case folderUnusable
        /// The address is taken, or is not this machine's.
        case addressUnusable
        /// A bucket to be made at the start has a name that S3 does not allow.
        case invalidBucketName
        /// A webhook's name or URL, or a notification that names no webhook or no event.
        case invalidNotification
    }

    public let kind: Kind
    /// What it is about, and what the system said.
    public let context: String
    public let cause: (any Error)?

    init(_ kind: Kind, _ context: String, cause: (any Error)? = nil) {
        self.kind = kind
        self.context = context
        self.cause = cause
    }

    public var description: String {
        switch kind {
        case .folderInUse: "another process has \(context) open"
        case .folderForeign: context
        case .folderUnusable: "cannot use the folder: \(context)"
        case .addressUnusable: "cannot listen on \(context)"
        case .invalidBucketName: "\"\(context)\" is not a valid bucket name"
        case .invalidNotification: context
        }
    }
}
