import Signing
import Transport

/// S3 operations on one connection: build, sign, send, classify, retry. A cheap value: copies share the connection's
/// learnt state (dialect, region, clock offset, concurrency limit).
public struct S3Client: Sendable {
    public var connection: S3Connection { fatalError("skeleton") }
    public init(
        _ connection: S3Connection, transport: HTTPTransport, retry: RetryPolicy = .init(),
        meter: UsageMeter? = nil
    ) { fatalError("skeleton") }
    /// The same client, counting into this meter.
    public func metered(by meter: UsageMeter) -> S3Client { fatalError("skeleton") }
    /// The dialect as configured and learnt so far.
    public var dialect: Dialect { fatalError("skeleton") }
    public func learn(_ change: (inout Dialect) -> Void) { fatalError("skeleton") }
    /// True when both clients speak to the same endpoint with the same credentials: a server-side copy may work.
    public func sharesEndpoint(with other: S3Client) -> Bool { fatalError("skeleton") }
}

public struct RetryPolicy: Sendable {
    public var attempts = 5
    public var firstDelay = Duration.milliseconds(100)
    public var longestDelay = Duration.seconds(10)
    /// No retry starts later than this after the first attempt.
    public var budget = Duration.seconds(60)
    public init() {}
}

// Buckets
extension S3Client {
    public func listBuckets() async throws(S3Error) -> [String] { fatalError("skeleton") }
    public func headBucket(_ bucket: String) async throws(S3Error) { fatalError("skeleton") }
    public func createBucket(_ bucket: String, objectLock: Bool = false) async throws(S3Error) {
        fatalError("skeleton")
    }
    public func deleteBucket(_ bucket: String) async throws(S3Error) { fatalError("skeleton") }
    /// "Enabled", "Suspended" or nil.
    public func versioning(_ bucket: String) async throws(S3Error) -> String? {
        fatalError("skeleton")
    }
    public func setVersioning(_ bucket: String, enabled: Bool) async throws(S3Error) {
        fatalError("skeleton")
    }
    /// nil when the bucket has no object lock.
    public func objectLockConfiguration(_ bucket: String) async throws(S3Error)
        -> ObjectLockConfiguration?
    { fatalError("skeleton") }
}

// Listings
extension S3Client {
    /// One page. `startAfter` is used on the first page only (no token).
    public func listObjects(
        _ bucket: String, prefix: ObjectKey, startAfter: ObjectKey? = nil, delimiter: String? = nil,
        token: String? = nil, maxKeys: Int = 1000
    ) async throws(S3Error) -> ObjectPage { fatalError("skeleton") }
    public func listObjectVersions(
        _ bucket: String, prefix: ObjectKey, delimiter: String? = nil, keyMarker: ObjectKey? = nil,
        versionIDMarker: String? = nil, maxKeys: Int = 1000
    ) async throws(S3Error) -> VersionPage { fatalError("skeleton") }
}

// Objects
extension S3Client {
    public func headObject(_ object: ObjectAddress, _ options: ReadOptions = .init())
        async throws(S3Error) -> ObjectHead
    { fatalError("skeleton") }
    /// Buffers the body; `.tooLarge` when it is longer than the limit.
    public func getObject(
        _ object: ObjectAddress, _ options: ReadOptions = .init(), limitBytes: Int
    ) async throws(S3Error) -> (head: ObjectHead, body: [UInt8]) { fatalError("skeleton") }
    /// Streams the body (no retry once a byte was delivered: the caller resumes with a range and If-Match).
    public func readObject<R: Sendable>(
        _ object: ObjectAddress, _ options: ReadOptions = .init(),
        consume: (ObjectHead, HTTPBodyReader) async throws -> R
    ) async throws -> R { fatalError("skeleton") }
    /// Buffered PUT, payload signed.
    public func putObject(_ object: ObjectAddress, body: [UInt8], _ options: WriteOptions = .init())
        async throws(S3Error) -> WriteResult
    { fatalError("skeleton") }
    /// Relays one GET into one PUT (see HTTPRelay). `destination` makes the write's options from what the source answered.
    /// Retries the pair; `observe` gets `.restart` before each attempt. Errors name the side by `connection`.
    public func relayObject(
        from source: S3Client, _ object: ObjectAddress, _ read: ReadOptions,
        to target: ObjectAddress,
        observe: (@Sendable (RelayEvent) -> Void)? = nil,
        options: @escaping @Sendable (ObjectHead) throws -> WriteOptions
    ) async throws(S3Error) -> (source: ObjectHead, result: WriteResult) { fatalError("skeleton") }
    public func copyObject(
        from source: ObjectAddress, to target: ObjectAddress, ifMatch: ETag?,
        replace: WriteOptions?, condition: WriteCondition = .none
    ) async throws(S3Error) -> WriteResult { fatalError("skeleton") }
    public func deleteObject(_ object: ObjectAddress, ifMatch: ETag? = nil) async throws(S3Error) {
        fatalError("skeleton")
    }
    /// Batch delete; the answer names the ones that failed. Falls back to single deletes where the dialect needs it, and for keys XML cannot carry.
    public func deleteObjects(_ bucket: String, _ keys: [ObjectKey]) async throws(S3Error) -> [(
        key: ObjectKey, error: S3Error
    )] { fatalError("skeleton") }
    public func tags(_ object: ObjectAddress) async throws(S3Error) -> [Tag] {
        fatalError("skeleton")
    }
    public func setTags(_ object: ObjectAddress, _ tags: [Tag]) async throws(S3Error) {
        fatalError("skeleton")
    }
    /// Part sizes from GetObjectAttributes, or nil when the store does not tell.
    public func partSizes(_ object: ObjectAddress) async throws(S3Error) -> [Int64]? {
        fatalError("skeleton")
    }
    public func presignedURL(method: String, _ object: ObjectAddress, expires: Int)
        async throws(S3Error) -> String
    { fatalError("skeleton") }
    public func deleteTags(_ object: ObjectAddress) async throws(S3Error) { fatalError("skeleton") }
    public func accessControl(_ object: ObjectAddress) async throws(S3Error) -> AccessControl {
        fatalError("skeleton")
    }
    public func setAccessControl(_ object: ObjectAddress, _ control: AccessControl)
        async throws(S3Error)
    { fatalError("skeleton") }
    public func setCannedACL(_ object: ObjectAddress, _ name: String) async throws(S3Error) {
        fatalError("skeleton")
    }
    /// nil fields where there is none.
    public func retention(_ object: ObjectAddress) async throws(S3Error) -> ObjectLock {
        fatalError("skeleton")
    }
    public func setRetention(
        _ object: ObjectAddress, mode: ObjectLock.Mode, until: String,
        bypassGovernance: Bool = false
    ) async throws(S3Error) { fatalError("skeleton") }
    public func legalHold(_ object: ObjectAddress) async throws(S3Error) -> Bool {
        fatalError("skeleton")
    }
    public func setLegalHold(_ object: ObjectAddress, _ isOn: Bool) async throws(S3Error) {
        fatalError("skeleton")
    }
}

// Multipart
extension S3Client {
    public func createUpload(_ object: ObjectAddress, _ options: WriteOptions) async throws(S3Error)
        -> String
    { fatalError("skeleton") }
    public func uploadPart(_ object: ObjectAddress, uploadID: String, number: Int, body: [UInt8])
        async throws(S3Error) -> UploadPart
    { fatalError("skeleton") }
    public func relayPart(
        from source: S3Client, _ object: ObjectAddress, _ read: ReadOptions,
        to target: ObjectAddress, uploadID: String, number: Int,
        observe: (@Sendable (RelayEvent) -> Void)? = nil
    ) async throws(S3Error) -> (source: ObjectHead, part: UploadPart) { fatalError("skeleton") }
    public func copyPart(
        from source: ObjectAddress, range: ClosedRange<Int64>?, ifMatch: ETag?,
        to target: ObjectAddress, uploadID: String, number: Int
    ) async throws(S3Error) -> UploadPart { fatalError("skeleton") }
    public func completeUpload(
        _ object: ObjectAddress, uploadID: String, parts: [UploadPart], condition: WriteCondition
    ) async throws(S3Error) -> WriteResult { fatalError("skeleton") }
    public func abortUpload(_ object: ObjectAddress, uploadID: String) async throws(S3Error) {
        fatalError("skeleton")
    }
    public func listUploads(_ bucket: String, prefix: ObjectKey) async throws(S3Error)
        -> [PendingUpload]
    { fatalError("skeleton") }
    public func listParts(_ object: ObjectAddress, uploadID: String) async throws(S3Error)
        -> [UploadPart]
    { fatalError("skeleton") }
}
