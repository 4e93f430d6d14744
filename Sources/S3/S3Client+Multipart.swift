import Signing
import Transport
import XML

extension S3Client {
    /// Begins a multipart upload with what the object will carry; condition and digests come with its completion.
    ///
    /// When an answer was lost, an upload may have been begun that nobody knows: it is looked for and aborted.
    /// - Returns: the upload's id, which must be completed or aborted.
    public func createUpload(
        _ object: ObjectAddress, _ options: WriteOptions
    ) async throws(S3Error) -> String {
        var request = S3Request(
            "CreateMultipartUpload", .put, .post, bucket: object.bucket, key: object.key)
        request.ask("uploads")
        options.applyToUpload(&request)
        if let checksum = options.checksum {
            request.add("x-amz-checksum-algorithm", checksum.algorithm.uppercased())
        }
        request.mayFailInBody = true
        let start = ContinuousClock.now
        let (response, attempts) = try await performCounted(request)
        let root = try document(response, request)
        guard let id = root.value("UploadId") else {
            throw malformed(request, "the upload has no id")
        }
        if attempts > 1 { await abortUnheard(object, id, within: ContinuousClock.now - start) }
        return id
    }

    /// Aborts what earlier attempts have begun: uploads of the same key, by the store's own clock no older than the
    /// first attempt and no younger than the upload that is known. Best effort.
    private func abortUnheard(
        _ object: ObjectAddress, _ known: String, within elapsed: Duration
    ) async {
        // Stores tell whole seconds.
        let span = (elapsed.components.seconds + 2) * 1000
        // What cannot be listed or aborted now is left to the store's lifecycle rules.
        guard let uploads = try? await listUploads(object.bucket, prefix: object.key),
            let ours = uploads.first(where: { $0.uploadID == known })
        else { return }
        for upload in uploads
        where upload.key == object.key && upload.uploadID != known
            && (ours.initiated - span...ours.initiated).contains(upload.initiated)
        {
            // As above.
            _ = try? await abortUpload(object, uploadID: upload.uploadID)
        }
    }

    /// - Parameters:
    ///   - number: 1...10,000. Parts may come in any order; one sent again replaces the first.
    ///   - contentMD5: of the body, 16 bytes; buckets with object lock want it.
    public func uploadPart(
        _ object: ObjectAddress, uploadID: String, number: Int, body: [UInt8],
        contentMD5: [UInt8]? = nil
    ) async throws(S3Error) -> UploadPart {
        var request = partRequest("UploadPart", .put, object, uploadID: uploadID, number: number)
        if let contentMD5 { request.add("Content-MD5", Base64.encode(contentMD5)) }
        request.body = body
        let result = WriteResult(try await perform(request).head.headers)
        return try part(number, result, size: Int64(body.count), request)
    }

    /// Relays a GET, as a rule of a range or part, into one part of an upload. See ``relayObject(from:_:_:to:observe:options:)``.
    ///
    /// - Parameter contentMD5: of the part's body, 16 bytes; buckets with object lock want it.
    public func relayPart(
        from source: S3Client, _ object: ObjectAddress, _ read: ReadOptions,
        to target: ObjectAddress, uploadID: String, number: Int, contentMD5: [UInt8]? = nil,
        observe: (@Sendable (RelayEvent) -> Void)? = nil
    ) async throws(S3Error) -> (source: ObjectHead, part: UploadPart) {
        if dialect.unsignedPayload == .no {
            let (head, body) = try await buffered(from: source, object, read, observe)
            return (
                head,
                try await uploadPart(
                    target, uploadID: uploadID, number: number, body: body, contentMD5: contentMD5)
            )
        }
        var request = S3Request("GetObject", .get, .get, object)
        read.apply(to: &request)
        var template = partRequest(
            "UploadPart", .put, target, uploadID: uploadID, number: number)
        if let contentMD5 { template.add("Content-MD5", Base64.encode(contentMD5)) }
        template.form = .unsigned
        let reading = request
        let result = try await relay(
            from: source, request, to: template, observe: observe
        ) { answer, _ in
            if let problem = read.problem(with: answer, ObjectHead(answer)) {
                throw source.malformed(reading, problem)
            }
        }
        let head = ObjectHead(result.source)
        let written = WriteResult(result.destination.head.headers)
        return (head, try part(number, written, size: head.contentLength, template))
    }

    /// Completes an upload of these parts, in the order of their numbers.
    ///
    /// When an answer was lost and the upload is gone, the object is looked at: if it is what these parts make, that is
    /// success. A 409 is `conflict`: the upload must begin anew.
    public func completeUpload(
        _ object: ObjectAddress, uploadID: String, parts: [UploadPart], condition: WriteCondition
    ) async throws(S3Error) -> WriteResult {
        let parts = parts.sorted { $0.number < $1.number }
        var request = S3Request(
            "CompleteMultipartUpload", .put, .post, bucket: object.bucket, key: object.key)
        request.ask("uploadId", uploadID)
        request.mayFailInBody = true
        request.retriesConflict = false
        request.timeouts = .storeWorks
        condition.apply(to: &request)
        request.body = CompletionDocument.write(parts)
        request.add("Content-Type", "application/xml")
        let start = Timestamps.nowMilliseconds()
        do throws(S3Error) {
            let response = try await perform(request)
            var result = WriteResult(response.head.headers)
            let root = try document(response, request)
            result.eTag = root.value("ETag").map { ETag($0) } ?? result.eTag
            result.checksums.merge(root.checksums) { _, new in new }
            return result
        } catch {
            let mayBeOurs = error.kind == .noSuchUpload || error.kind == .preconditionFailed
            guard mayBeOurs,
                let head = try await completed(
                    object, parts, since: error.attempts > 1 ? start : nil)
            else { throw error }
            if error.kind == .preconditionFailed {
                // Another writer may have made the same: then this upload is still there. Best effort, since what was asked
                // for is done.
                _ = try? await abortUpload(object, uploadID: uploadID)
            }
            var result = WriteResult(
                eTag: head.eTag, versionID: head.versionID, checksums: head.checksums)
            result.encryption = head.encryption
            return result
        }
    }

    /// The object, when it is what these parts make.
    ///
    /// - Parameter start: Of the first attempt; nil when there was no other that is known of: then only an ETag tells.
    private func completed(
        _ object: ObjectAddress, _ parts: [UploadPart], since start: Int64?
    ) async throws(S3Error) -> ObjectHead? {
        let head: ObjectHead
        do throws(S3Error) {
            head = try await headObject(
                ObjectAddress(bucket: object.bucket, key: object.key))
        } catch {
            guard error.kind == .noSuchKey else { throw error }
            return nil
        }
        if let eTag = CompletionDocument.standardETag(parts), head.eTag.partCount != nil {
            return head.eTag == eTag ? head : nil
        }
        // The store's ETags say nothing: size and time must do. Dates have whole seconds, clocks differ a little.
        let sizes = parts.compactMap(\.size)
        guard let start, sizes.count == parts.count, head.size == sizes.reduce(0, +) else {
            return nil
        }
        let clock = state.clockOffsetSeconds * 1000
        return head.lastModified >= start + clock - 2000 ? head : nil
    }

    /// Aborting an upload that is gone is no error.
    /// - Returns: false when it was gone.
    @discardableResult
    public func abortUpload(
        _ object: ObjectAddress, uploadID: String
    ) async throws(S3Error) -> Bool {
        var request = S3Request(
            "AbortMultipartUpload", .delete, .delete, bucket: object.bucket, key: object.key)
        request.ask("uploadId", uploadID)
        do throws(S3Error) {
            _ = try await perform(request)
            return true
        } catch {
            guard error.kind == .noSuchUpload || error.kind == .noSuchKey else { throw error }
            return false
        }
    }

    func partRequest(
        _ operation: String, _ usage: UsageMeter.RequestClass, _ object: ObjectAddress,
        uploadID: String, number: Int
    ) -> S3Request {
        var request = S3Request(
            operation, usage, .put, bucket: object.bucket, key: object.key)
        request.ask("partNumber", String(number))
        request.ask("uploadId", uploadID)
        return request
    }

    private func part(
        _ number: Int, _ result: WriteResult, size: Int64, _ request: S3Request
    ) throws(S3Error) -> UploadPart {
        guard let eTag = result.eTag else { throw malformed(request, "the part has no ETag") }
        var part = UploadPart(number: number, eTag: eTag, size: size, checksums: result.checksums)
        part.encryption = result.encryption
        return part
    }
}

/// The document of CompleteMultipartUpload.
enum CompletionDocument {
    static func write(_ parts: [UploadPart]) -> [UInt8] {
        var writer = XMLWriter(reservingBytes: 200 + parts.count * 110)
        writer.open("CompleteMultipartUpload", xmlns: XMLWriter.s3Namespace)
        for part in parts {
            writer.open("Part")
            writer.element("ETag", part.eTag.quoted)
            for (algorithm, value) in part.checksums {
                switch algorithm {
                case "crc32": writer.element("ChecksumCRC32", value)
                case "crc32c": writer.element("ChecksumCRC32C", value)
                case "crc64nvme": writer.element("ChecksumCRC64NVME", value)
                case "sha1": writer.element("ChecksumSHA1", value)
                case "sha256": writer.element("ChecksumSHA256", value)
                default: break
                }
            }
            writer.element("PartNumber", part.number)
            writer.close("Part")
        }
        writer.close("CompleteMultipartUpload")
        return writer.bytes
    }

    /// MD5 of the parts' MD5s, a dash, their number; nil when the parts' ETags are no MD5s.
    static func standardETag(_ parts: [UploadPart]) -> ETag? {
        var joined: [UInt8] = []
        joined.reserveCapacity(parts.count * 16)
        for part in parts {
            guard part.eTag.isMD5Shaped, let digest = Hex.decode(part.eTag.value) else {
                return nil
            }
            joined.append(contentsOf: digest)
        }
        return ETag(exactly: Hex.encode(Checksum.of(joined, .md5)) + "-\(parts.count)")
    }
}

extension XMLNode {
    /// `ChecksumCRC32` and its sisters among the children, by algorithm.
    var checksums: [String: String] {
        var found: [String: String] = [:]
        for child in children where child.name.utf8.starts(with: "Checksum".utf8) {
            guard child.name != "ChecksumType", child.name != "ChecksumAlgorithm" else { continue }
            let text = child.text
            if !text.isEmpty { found[String(child.name.dropFirst(8)).lowercased()] = text }
        }
        return found
    }
}
