import Signing

/// Object lock as it stands in headers, and what it forbids.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html> and
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html>
enum ObjectLocking {
    private static let modeHeader = "x-amz-object-lock-mode"
    private static let dateHeader = "x-amz-object-lock-retain-until-date"
    private static let holdHeader = "x-amz-object-lock-legal-hold"
    private static let bypassHeader = "x-amz-bypass-governance-retention"

    static let noConfiguration = S3Failure(
        .invalidRequest, "Bucket is missing Object Lock Configuration")

    /// What a request puts on the version that it writes.
    ///
    /// - Throws: ``S3Failure``: `InvalidRequest` in a bucket without object lock, `InvalidArgument`.
    static func apply(
        _ request: S3Request, _ settings: BucketSettings, now: Int64,
        to record: inout ObjectRecord
    ) throws(S3Failure) {
        let mode = request.header(modeHeader)
        let date = request.header(dateHeader)
        let hold = request.header(holdHeader)
        guard mode != nil || date != nil || hold != nil else { return }
        if let hold {
            guard hold == "ON" || hold == "OFF" else {
                throw S3Failure.invalidArgument(
                    "Legal Hold must be either of 'ON' or 'OFF'", name: holdHeader, value: hold)
            }
            record.isHeld = hold == "ON"
        }
        record.retention = try retention(mode, date, now: now)
        guard settings.lock != nil else { throw noConfiguration }
    }

    private static func retention(_ mode: String?, _ date: String?, now: Int64) throws(S3Failure)
        -> Retention?
    {
        guard mode != nil || date != nil else { return nil }
        guard let mode, let date else {
            throw S3Failure(
                .invalidArgument, "\(dateHeader) and \(modeHeader) must both be supplied",
                details: [
                    .init(name: .argumentName, value: mode == nil ? modeHeader : dateHeader)
                ])
        }
        guard let known = RetentionMode(name: mode) else {
            throw S3Failure.invalidArgument(
                "Unknown wormMode directive.", name: modeHeader, value: mode)
        }
        guard let until = Timestamps.parseISO8601Milliseconds(date) else {
            throw S3Failure.invalidArgument(
                "The retain until date must be provided in ISO 8601 format", name: dateHeader,
                value: date)
        }
        guard until > now else { throw past(date, name: dateHeader) }
        return Retention(mode: known, untilMilliseconds: until)
    }

    static func past(_ date: String, name: String) -> S3Failure {
        S3Failure.invalidArgument(
            "The retain until date must be in the future!", name: name, value: date)
    }

    /// The bucket's own retention, for what comes without one.
    static func applyDefault(_ settings: BucketSettings, now: Int64, to record: inout ObjectRecord)
    {
        guard record.retention == nil, let lock = settings.lock else { return }
        record.retention = lock.retention(from: now)
    }

    /// S3 takes a body that it will have to keep only with a proof that it is whole.
    ///
    /// - Parameter what: as S3 names the request in its answer.
    static func checkProof(
        _ request: S3Request, hasChecksum: Bool, isLocked: Bool, _ what: String
    ) throws(S3Failure) {
        guard isLocked, !hasChecksum, !request.headers.contains(name: "content-md5") else { return }
        throw S3Failure(
            .invalidRequest,
            "Content-MD5 OR x-amz-checksum- HTTP header is required for \(what) requests with Object Lock "
                + "parameters")
    }

    static func bypasses(_ request: S3Request) -> Bool {
        request.header(bypassHeader)?.lowercased() == "true"
    }

    /// - Throws: ``S3Failure`` `InvalidArgument` for a deletion that speaks of a bypass, whatever it says, where there is
    ///   nothing to bypass.
    static func checkBypass(_ request: S3Request, _ settings: BucketSettings) throws(S3Failure) {
        guard settings.lock == nil, request.headers.contains(name: bypassHeader) else { return }
        throw S3Failure(
            .invalidArgument, "\(bypassHeader) is only applicable to Object Lock enabled buckets.",
            details: [.init(name: .argumentName, value: bypassHeader)])
    }

    /// - Throws: ``S3Failure`` `AccessDenied` when the version must not be deleted yet.
    static func checkDelete(_ request: S3Request, _ record: ObjectRecord?, now: Int64)
        throws(S3Failure)
    {
        guard let record else { return }
        let isRetained =
            record.retention?.yields(to: nil, now: now, bypasses: bypasses(request)) == false
        guard record.isHeld != true, !isRetained else {
            throw S3Failure(
                .accessDenied, "Access Denied because object protected by object lock.")
        }
    }

    static func headers(of record: ObjectRecord) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        if let retention = record.retention {
            headers.append((modeHeader, retention.mode.name))
            headers.append(
                (dateHeader, Timestamps.iso8601(milliseconds: retention.untilMilliseconds)))
        }
        if let isHeld = record.isHeld { headers.append((holdHeader, isHeld ? "ON" : "OFF")) }
        return headers
    }
}
