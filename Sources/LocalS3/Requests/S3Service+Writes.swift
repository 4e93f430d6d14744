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
        try bucket.commit(body.staged, record) { try Conditions.checkWrite(request, $0) }
        var response = S3Response()
        response.headers = [("ETag", record.etag.quoted)]
        if let checksum = record.checksum { response.headers += checksum.headers(parts: 0) }
        return response
    }

    func deleteObject(_ request: S3Request) throws -> S3Response {
        try bucket(request).delete(request.key) { try Conditions.checkDelete(request, $0) }
        return S3Response(.noContent)
    }

    func objectTagging(_ request: S3Request) throws -> S3Response {
        S3Response(document: Tags.document(try open(bucket(request), request.key).record.tags))
    }

    func putObjectTagging(_ request: S3Request, _ body: ReceivedBody) throws -> S3Response {
        let bucket = try bucket(request)
        let tags = try Tags.parse(document: body.document)
        try update(bucket, request.key) { $0.tags = tags }
        return S3Response()
    }

    func deleteObjectTagging(_ request: S3Request) throws -> S3Response {
        try update(bucket(request), request.key) { $0.tags = [] }
        return S3Response(.noContent)
    }

    private func update(
        _ bucket: Bucket, _ key: [UInt8], _ change: (inout ObjectRecord) throws -> Void
    ) throws {
        do {
            try bucket.update(key, change)
        } catch let error as StorageError where error.kind == .notFound {
            throw S3Failure(
                .noSuchKey,
                details: [.init(name: .key, value: String(decoding: key, as: UTF8.self))])
        }
    }

    /// What a batch names at most.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>
    private static let batchMaximum = 1_000

    private struct BatchEntry {
        var key: [UInt8] = []
        var version = ""
        var etag: String?
    }

    func deleteObjects(_ request: S3Request, _ body: ReceivedBody) throws -> S3Response {
        let bucket = try bucket(request)
        let (entries, isQuiet) = try parseBatch(body.document)
        var writer = XMLWriter(reservingBytes: 64 + 80 * entries.count)
        writer.declaration()
        writer.open("DeleteResult", xmlns: XMLWriter.s3Namespace)
        for entry in entries {
            do {
                guard entry.version.isEmpty || entry.version == "null" else {
                    throw S3Failure(.noSuchVersion)
                }
                try bucket.delete(entry.key) { existing in
                    guard let etag = entry.etag else { return }
                    guard let existing else { throw S3Failure(.noSuchKey) }
                    guard Conditions.matches(etag, existing.etag) else {
                        throw S3Failure(.preconditionFailed)
                    }
                }
                guard !isQuiet else { continue }
                writer.open("Deleted")
                writer.element("Key", entry.key)
                writer.close("Deleted")
            } catch {
                let failure = Self.failure(error, bucket: bucket.name)
                writer.open("Error")
                writer.element("Key", entry.key)
                writer.element("Code", failure.code.rawValue)
                writer.element("Message", failure.message)
                writer.close("Error")
            }
        }
        writer.close("DeleteResult")
        return S3Response(document: writer)
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
                entry.key = try scanner.bytes(of: child)
            } else if scanner.name(of: child, is: "VersionId") {
                entry.version = try scanner.string(of: child)
            } else if scanner.name(of: child, is: "ETag") {
                entry.etag = try scanner.string(of: child)
            } else {
                try scanner.skip(child)
            }
        }
        return entry
    }
}
