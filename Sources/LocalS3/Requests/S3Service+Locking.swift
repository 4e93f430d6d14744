import Signing
import XML

extension S3Service {
    /// The longest default retention.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-configure.html>
    private static let daysMaximum: Int64 = 36_500
    private static let yearsMaximum: Int64 = 100

    func objectLockConfiguration(_ request: S3Request) throws -> S3Response {
        guard let lock = try bucket(request).settings.lock else {
            throw S3Failure(
                .objectLockConfigurationNotFound,
                details: [.init(name: .bucketName, value: request.bucket)])
        }
        var writer = XMLWriter()
        writer.declaration()
        writer.open("ObjectLockConfiguration", xmlns: XMLWriter.s3Namespace)
        writer.element("ObjectLockEnabled", "Enabled")
        if let retention = lock.retention {
            writer.open("Rule")
            writer.open("DefaultRetention")
            writer.element("Mode", retention.mode.name)
            writer.element(retention.unit == .days ? "Days" : "Years", retention.count)
            writer.close("DefaultRetention")
            writer.close("Rule")
        }
        writer.close("ObjectLockConfiguration")
        return S3Response(document: writer)
    }

    func putObjectLockConfiguration(_ request: S3Request, _ body: ReceivedBody) throws -> S3Response
    {
        let bucket = try bucket(request)
        let lock = try parseLock(body.document)
        try bucket.configure { settings in
            guard settings.versioning == .enabled else {
                throw S3Failure(
                    .invalidBucketState,
                    "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"
                )
            }
            settings.lock = lock
        }
        return S3Response()
    }

    private func parseLock(_ document: [UInt8]) throws(S3Failure) -> BucketLock {
        let root = try Self.tree(document, "ObjectLockConfiguration")
        guard root["ObjectLockEnabled"]?.text == "Enabled" else { throw S3Failure(.malformedXML) }
        var lock = BucketLock()
        guard let rule = root["Rule"] else { return lock }
        let periods = ["Days", "Years"].compactMap { name in
            (rule["DefaultRetention"]?[name]).map { (name, $0.text) }
        }
        guard
            let mode = RetentionMode(name: rule["DefaultRetention"]?["Mode"]?.text ?? ""),
            periods.count == 1, let count = Int64(periods[0].1)
        else { throw S3Failure(.malformedXML) }
        let (name, text) = periods[0]
        guard count > 0 else {
            throw S3Failure.invalidArgument(
                "Default retention period must be a positive integer value.", name: name,
                value: text)
        }
        guard count <= (name == "Days" ? Self.daysMaximum : Self.yearsMaximum) else {
            throw S3Failure.invalidArgument(
                "Default retention period too large", name: name, value: text)
        }
        lock.retention = BucketLock.Default(
            mode: mode, unit: name == "Days" ? .days : .years, count: UInt32(count))
        return lock
    }

    /// - Throws: ``S3Failure`` `MalformedXML`, also when the document is another one.
    static func tree(_ document: [UInt8], _ name: String) throws(S3Failure) -> XMLNode {
        do throws(XMLError) {
            let root = try XMLNode(document)
            if root.name == name { return root }
        } catch {
            throw S3Failure(.malformedXML)
        }
        throw S3Failure(.malformedXML)
    }

    /// The version that a request means, in a bucket with object lock.
    private func lockable(_ request: S3Request) throws -> ObjectRecord {
        let bucket = try bucket(request)
        guard bucket.settings.lock != nil else { throw ObjectLocking.noConfiguration }
        return try open(bucket, request).record
    }

    func objectRetention(_ request: S3Request) throws -> S3Response {
        guard let retention = try lockable(request).retention else {
            throw S3Failure(.noSuchObjectLockConfiguration)
        }
        var writer = XMLWriter()
        writer.declaration()
        writer.open("Retention", xmlns: XMLWriter.s3Namespace)
        writer.element("Mode", retention.mode.name)
        writer.element(
            "RetainUntilDate", Timestamps.iso8601(milliseconds: retention.untilMilliseconds))
        writer.close("Retention")
        return S3Response(document: writer)
    }

    func putObjectRetention(_ request: S3Request, _ body: ReceivedBody) throws -> S3Response {
        _ = try lockable(request)
        let retention = try parseRetention(body.document)
        let now = clock()
        let bypasses = ObjectLocking.bypasses(request)
        var response = S3Response()
        response.headers = try update(request, .putRetention) { record in
            if let held = record.retention,
                !held.yields(to: retention, now: now, bypasses: bypasses)
            {
                throw S3Failure(
                    .accessDenied, "Access Denied because object protected by object lock.")
            }
            record.retention = retention
        }
        return response
    }

    /// nil for an empty document, which takes the retention away.
    private func parseRetention(_ document: [UInt8]) throws(S3Failure) -> Retention? {
        let root = try Self.tree(document, "Retention")
        if root.children.isEmpty { return nil }
        guard let mode = RetentionMode(name: root["Mode"]?.text ?? ""),
            let date = root["RetainUntilDate"]?.text,
            let until = Timestamps.parseISO8601Milliseconds(date)
        else { throw S3Failure(.malformedXML) }
        guard until > clock() else { throw ObjectLocking.past(date, name: "RetainUntilDate") }
        return Retention(mode: mode, untilMilliseconds: until)
    }

    func objectLegalHold(_ request: S3Request) throws -> S3Response {
        guard let isHeld = try lockable(request).isHeld else {
            throw S3Failure(.noSuchObjectLockConfiguration)
        }
        var writer = XMLWriter()
        writer.declaration()
        writer.open("LegalHold", xmlns: XMLWriter.s3Namespace)
        writer.element("Status", isHeld ? "ON" : "OFF")
        writer.close("LegalHold")
        return S3Response(document: writer)
    }

    func putObjectLegalHold(_ request: S3Request, _ body: ReceivedBody) throws -> S3Response {
        _ = try lockable(request)
        let status = try Self.tree(body.document, "LegalHold")["Status"]?.text
        guard status == "ON" || status == "OFF" else { throw S3Failure(.malformedXML) }
        var response = S3Response()
        response.headers = try update(request, .putLegalHold) { $0.isHeld = status == "ON" }
        return response
    }
}
