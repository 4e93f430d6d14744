/// Where deployment packages come from that a request only names.
public protocol PackageSource: Sendable {
    /// Reads a package whole.
    ///
    /// - Parameter limit: in bytes; a longer one is refused.
    /// - Throws: ``LambdaServiceError`` of kind `.invalidParameterValue` that says what to do.
    func package(
        at location: PackageLocation, limit: Int
    ) async throws(LambdaServiceError) -> [UInt8]
}

/// `S3Bucket`, `S3Key` and `S3ObjectVersion` of a request.
public struct PackageLocation: Sendable, Hashable {
    /// As it was given: it may name a connection before an "@".
    public var bucket: String
    public var key: String
    /// nil: the latest.
    public var version: String?

    public init(bucket: String, key: String, version: String? = nil) {
        self.bucket = bucket
        self.key = key
        self.version = version
    }
}
