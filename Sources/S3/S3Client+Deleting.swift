import Signing
import Transport
import XML

extension S3Client {
    /// Deletes an object or one version of it. Deleting what is not there is no error.
    public func deleteObject(
        _ object: ObjectAddress, ifMatch: ETag? = nil
    ) async throws(S3Error) {
        var request = S3Request("DeleteObject", .delete, .delete, object)
        if let ifMatch { request.add("If-Match", ifMatch.quoted) }
        do throws(S3Error) {
            _ = try await perform(request)
        } catch {
            guard error.kind == .noSuchKey else { throw error }
        }
    }

    /// Batch delete; the answer names the ones that failed. Falls back to single deletes where the dialect needs it, and for keys XML cannot carry.
    public func deleteObjects(
        _ bucket: String, _ keys: [ObjectKey]
    ) async throws(S3Error) -> [(key: ObjectKey, error: S3Error)] {
        var failed: [(key: ObjectKey, error: S3Error)] = []
        var single: [ObjectKey] = []
        var batch: [ObjectKey] = []
        for key in keys {
            if DeleteDocument.canCarry(key) { batch.append(key) } else { single.append(key) }
        }
        var start = 0
        while start < batch.count, dialect.batchDelete != .no {
            let size = max(1, min(1000, dialect.maxDeletesPerRequest))
            let chunk = Array(batch[start..<min(batch.count, start + size)])
            do throws(S3Error) {
                failed += try await deleteBatch(bucket, chunk)
                start += chunk.count
            } catch {
                guard error.kind == .notSupported else { throw error }
                learn { $0.batchDelete = .no }
            }
        }
        single += batch[start...]
        return failed + (await deleteSingly(bucket, single))
    }

    private func deleteBatch(
        _ bucket: String, _ keys: [ObjectKey]
    ) async throws(S3Error) -> [(key: ObjectKey, error: S3Error)] {
        var request = S3Request("DeleteObjects", .delete, .post, bucket: bucket)
        request.ask("delete")
        request.mayFailInBody = true
        request.send(xml: DeleteDocument.write(keys))
        let root = try document(try await perform(request), request)
        return root.all("Error").compactMap { error in
            let key = ObjectKey(error["Key"]?.bytes ?? [])
            let code = error.value("Code")
            let kind = Classification.kind(status: 200, code: code, hasKey: true)
            // What is not there is deleted.
            guard kind != .noSuchKey else { return nil }
            return (
                key,
                S3Error(
                    kind: kind, operation: "DeleteObjects", connection: connection.name,
                    bucket: bucket, key: key, status: 200, code: code,
                    message: error.value("Message") ?? "")
            )
        }
    }

    /// How many single deletes run at a time.
    private static var singleDeletesAtOnce: Int { 16 }

    private func deleteSingly(
        _ bucket: String, _ keys: [ObjectKey]
    ) async -> [(key: ObjectKey, error: S3Error)] {
        guard !keys.isEmpty else { return [] }
        return await withTaskGroup(of: (key: ObjectKey, error: S3Error)?.self) { group in
            var failed: [(key: ObjectKey, error: S3Error)] = []
            for (index, key) in keys.enumerated() {
                if index >= Self.singleDeletesAtOnce, let result = await group.next(), let result {
                    failed.append(result)
                }
                group.addTask {
                    do throws(S3Error) {
                        try await deleteObject(ObjectAddress(bucket: bucket, key: key))
                        return nil
                    } catch {
                        return (key, error)
                    }
                }
            }
            for await case let result? in group { failed.append(result) }
            return failed
        }
    }
}

/// The document of DeleteObjects.
enum DeleteDocument {
    static func write(_ keys: [ObjectKey]) -> [UInt8] {
        var writer = XMLWriter(
            reservingBytes: keys.reduce(200) { $0 + $1.bytes.count + 40 })
        writer.declaration()
        writer.open("Delete", xmlns: XMLWriter.s3Namespace)
        for key in keys {
            writer.open("Object")
            writer.element("Key", key.bytes)
            writer.close("Object")
        }
        writer.element("Quiet", true)
        writer.close("Delete")
        return writer.bytes
    }

    /// XML 1.0 carries UTF-8 without control characters, U+FFFE and U+FFFF. White space may be normalised on the way,
    /// and deletes the wrong object then: keys with a tab, a line end, or white space at an end go singly too.
    ///
    /// Source: <https://www.w3.org/TR/xml/#charsets>
    static func canCarry(_ key: ObjectKey) -> Bool {
        let bytes = key.bytes
        guard let first = bytes.first, let last = bytes.last, first != 0x20, last != 0x20 else {
            return false
        }
        var isASCII = true
        for byte in bytes {
            if byte < 0x20 || byte == 0x7F { return false }
            if byte >= 0x80 { isASCII = false }
        }
        if isASCII { return true }
        guard let text = key.string else { return false }
        return !text.unicodeScalars.contains { $0.value == 0xFFFE || $0.value == 0xFFFF }
    }
}
