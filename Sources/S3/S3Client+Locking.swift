import Transport
import XML

extension S3Client {
    /// The version's retention; mode and date are nil where there is none.
    public func retention(_ object: ObjectAddress) async throws(S3Error) -> ObjectLock {
        var request = S3Request("GetObjectRetention", .other, .get, object)
        request.ask("retention")
        request.attemptsMaximum = 3
        do throws(S3Error) {
            let root = try document(try await perform(request), request, "Retention")
            var lock = ObjectLock()
            lock.mode = root.value("Mode").flatMap(ObjectLock.Mode.init(rawValue:))
            lock.retainUntil = root.value("RetainUntilDate")
            return lock
        } catch {
            if Self.isNoLock(error) { return ObjectLock() }
            // A store that sends the object instead may still tell in the object's head.
            guard error.kind == .malformedAnswer else { throw error }
            var lock = try await headObject(object).metadata.lock ?? ObjectLock()
            lock.legalHold = nil
            return lock
        }
    }

    /// - Parameters:
    ///   - until: ISO 8601, in the future.
    ///   - bypassGovernance: shortens a governance retention, where the credentials may.
    public func setRetention(
        _ object: ObjectAddress, mode: ObjectLock.Mode, until: String,
        bypassGovernance: Bool = false
    ) async throws(S3Error) {
        try refuseWithoutLock("PutObjectRetention", object)
        var request = S3Request("PutObjectRetention", .other, .put, object)
        request.ask("retention")
        request.attemptsMaximum = 3
        if bypassGovernance { request.add("x-amz-bypass-governance-retention", "true") }
        var writer = XMLWriter()
        writer.open("Retention", xmlns: XMLWriter.s3Namespace)
        writer.element("Mode", mode.rawValue)
        writer.element("RetainUntilDate", until)
        writer.close("Retention")
        request.send(xml: writer.bytes)
        _ = try await perform(request)
    }

    public func legalHold(_ object: ObjectAddress) async throws(S3Error) -> Bool {
        var request = S3Request("GetObjectLegalHold", .other, .get, object)
        request.ask("legal-hold")
        request.attemptsMaximum = 3
        do throws(S3Error) {
            let root = try document(try await perform(request), request, "LegalHold")
            return root.value("Status") == "ON"
        } catch {
            if Self.isNoLock(error) { return false }
            throw error
        }
    }

    public func setLegalHold(
        _ object: ObjectAddress, _ isOn: Bool
    ) async throws(S3Error) {
        try refuseWithoutLock("PutObjectLegalHold", object)
        var request = S3Request("PutObjectLegalHold", .other, .put, object)
        request.ask("legal-hold")
        request.attemptsMaximum = 3
        var writer = XMLWriter()
        writer.open("LegalHold", xmlns: XMLWriter.s3Namespace)
        writer.element("Status", isOn ? "ON" : "OFF")
        writer.close("LegalHold")
        request.send(xml: writer.bytes)
        _ = try await perform(request)
    }

    private static func isNoLock(_ error: S3Error) -> Bool {
        error.code == "NoSuchObjectLockConfiguration"
            || error.code == "ObjectLockConfigurationNotFoundError"
    }

    /// A store that ignores what it does not know would overwrite the object with the document.
    private func refuseWithoutLock(
        _ operation: String, _ object: ObjectAddress
    ) throws(S3Error) {
        guard dialect.objectLock == .no else { return }
        throw S3Error(
            kind: .notSupported, operation: operation, connection: connection.name,
            bucket: object.bucket, key: object.key, message: "the store has no object lock")
    }
}
