import NIOHTTP1
import Signing
import XML

extension S3Service {
    func putObject(_ request: S3Request, _ body: ReceivedBody) throws -> S3Response {
        let bucket = try bucket(request)
        var record = ObjectRecord(key: request.key)
        try ObjectHeaders.apply(request, to: &record)
        record.size = body.staged.size
        record.modifiedMilliseconds = clock()
        record.etag = ETag(md5: body.md5, parts: 0)
        record.checksum = body.checksum
        let settings = bucket.settings
        try ObjectLocking.apply(request, settings, now: record.modifiedMilliseconds, to: &record)
        ObjectLocking.applyDefault(settings, now: record.modifiedMilliseconds, to: &record)
        try ObjectLocking.checkProof(
            request, hasChecksum: body.checksum != nil, isLocked: record.hasLock, "Put Object")
        record = try bucket.commit(
            body.staged, record, announce: notifier.announcing(.put, in: bucket, request)
        ) {
            try Conditions.checkWrite(request, $0)
        }
        var response = S3Response()
        response.headers = [("ETag", record.etag.quoted)]
        if let checksum = record.checksum { response.headers += checksum.headers(parts: 0) }
        // S3 does not name the "null" version here, though it does in the answer to a copy.
        if let version = record.version, !version.isNull {
            response.headers += Self.versionHeaders(version.text)
        }
        return response
    }

    func deleteObject(_ request: S3Request) throws -> S3Response {
        let now = clock()
        let bucket = try bucket(request)
        try ObjectLocking.checkBypass(request, bucket.settings)
        let deletion = try bucket.delete(
            request.key, version: request.version, now: now,
            announce: notifier.announcing(.delete, in: bucket, request)
        ) { existing in
            try Conditions.checkDelete(request, existing)
            guard request.version != nil else { return }
            try ObjectLocking.checkDelete(request, existing, now: now)
        }
        var response = S3Response(.noContent)
        response.headers += Self.versionHeaders(
            deletion.version, isDeleteMarker: deletion.isDeleteMarker)
        return response
    }

    func objectTagging(_ request: S3Request) throws -> S3Response {
        let bucket = try bucket(request)
        let record = try open(bucket, request).record
        var response = S3Response(document: Tags.document(record.tags))
        response.headers += Self.versionHeaders(of: record, in: bucket)
        return response
    }

    func putObjectTagging(_ request: S3Request, _ body: ReceivedBody) throws -> S3Response {
        let tags = try Tags.parse(document: body.document)
        var response = S3Response()
        response.headers = try update(request, .putTagging) { $0.tags = tags }
        return response
    }

    func deleteObjectTagging(_ request: S3Request) throws -> S3Response {
        var response = S3Response(.noContent)
        response.headers = try update(request, .deleteTagging) { $0.tags = [] }
        return response
    }

    /// Changes the version that a request means; the headers of the answer.
    func update(
        _ request: S3Request, _ name: EventName, _ change: (inout ObjectRecord) throws -> Void
    ) throws -> [(name: String, value: String)] {
        let bucket = try bucket(request)
        _ = try open(bucket, request)
        let record = try bucket.update(
            request.key, version: request.version,
            announce: notifier.announcing(name, in: bucket, request)
        ) { record in
            // It may have been deleted just now.
            guard !record.isDeleteMarker else { throw Self.deleteMarker(record, request) }
            try change(&record)
        }
        return Self.versionHeaders(of: record, in: bucket)
    }

    /// What a batch names at most.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>
    private static let batchMaximum = 1_000

    private struct BatchEntry {
        var key: [UInt8] = []
        var version: String?
        var etag: String?
    }

    func deleteObjects(_ request: S3Request, _ body: ReceivedBody) throws -> S3Response {
        let bucket = try bucket(request)
        try ObjectLocking.checkBypass(request, bucket.settings)
        let (entries, isQuiet) = try parseBatch(body.document)
        var writer = XMLWriter(reservingBytes: 64 + 80 * entries.count)
        writer.declaration()
        writer.open("DeleteResult", xmlns: XMLWriter.s3Namespace)
        let announce = notifier.announcing(.delete, in: bucket, request)
        for entry in entries {
            do {
                guard entry.version.map(VersionID.isValid) ?? true else {
                    throw S3Failure(.noSuchVersion)
                }
                guard entry.key.count <= S3Request.keyBytesMaximum else {
                    throw S3Failure(.keyTooLong)
                }
                let deletion = try bucket.delete(
                    entry.key, version: entry.version, now: clock(), announce: announce
                ) { try check(entry, $0, request) }
                if !isQuiet { Self.write(entry, deletion, into: &writer) }
            } catch {
                let failure = Self.failure(error, bucket: bucket.name)
                writer.open("Error")
                writer.element("Key", entry.key)
                if let version = entry.version { writer.element("VersionId", version) }
                writer.element("Code", failure.code.rawValue)
                writer.element("Message", failure.message)
                writer.close("Error")
            }
        }
        writer.close("DeleteResult")
        return S3Response(document: writer)
    }

    /// Whether one object of a batch may be deleted.
    private func check(_ entry: BatchEntry, _ existing: ObjectRecord?, _ request: S3Request)
        throws(S3Failure)
    {
        if let etag = entry.etag {
            guard let existing else { throw S3Failure(.noSuchKey) }
            guard Conditions.matches(etag, existing.etag) else {
                throw S3Failure(.preconditionFailed)
            }
        }
        guard entry.version != nil else { return }
        try ObjectLocking.checkDelete(request, existing, now: clock())
    }

    private static func write(
        _ entry: BatchEntry, _ deletion: Deletion, into writer: inout XMLWriter
    ) {
        writer.open("Deleted")
        writer.element("Key", entry.key)
        if let version = entry.version { writer.element("VersionId", version) }
        if deletion.isDeleteMarker {
            writer.element("DeleteMarker", true)
            writer.element("DeleteMarkerVersionId", deletion.version ?? VersionID.null)
        }
        writer.close("Deleted")
    }

    private func parseBatch(_ document: [UInt8]) throws(S3Failure) -> ([BatchEntry], Bool) {
        var entries: [BatchEntry] = []
        var isQuiet = false
        do throws(XMLError) {
            var scanner = XMLScanner(document)
            let root = try scanner.root("Delete")
            while let child = try scanner.nextChild(of: root) {
                if scanner.name(of: child, is: "Quiet") {
                    isQuiet = try scanner.bool(of: child)
                } else if scanner.name(of: child, is: "Object") {
                    entries.append(try Self.parseEntry(&scanner, child))
                } else {
                    try scanner.skip(child)
                }
            }
            try scanner.finish()
        } catch {
            throw S3Failure(.malformedXML)
        }
        guard !entries.isEmpty, entries.count <= Self.batchMaximum,
            entries.allSatisfy({ !$0.key.isEmpty })
        else { throw S3Failure(.malformedXML) }
        return (entries, isQuiet)
    }

    private static func parseEntry(_ scanner: inout XMLScanner, _ object: XMLScanner.Element)
        throws(XMLError) -> BatchEntry
    {
        var entry = BatchEntry()
        while let child = try scanner.nextChild(of: object) {
            if scanner.name(of: child, is: "Key") {
                entry.key = Array(try scanner.string(of: child).utf8)
            } else if scanner.name(of: child, is: "VersionId") {
                let version = try scanner.string(of: child)
                if !version.isEmpty { entry.version = version }
            } else if scanner.name(of: child, is: "ETag") {
                entry.etag = try scanner.string(of: child)
            } else {
                try scanner.skip(child)
            }
        }
        return entry
    }
}
