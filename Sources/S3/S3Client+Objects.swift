import Signing
import Transport

extension S3Client {
    /// The object's head. A store's HEAD says 404 without saying of what: a bucket not seen lately is then asked for too,
    /// so that a missing bucket never looks like a missing object.
    public func headObject(
        _ object: ObjectAddress, _ options: ReadOptions = .init()
    ) async throws(S3Error) -> ObjectHead {
        var request = S3Request("HeadObject", .head, .head, object)
        options.apply(to: &request)
        do throws(S3Error) {
            let response = try await perform(request)
            guard response.head.headers["etag"] != nil || response.head.contentLength != nil else {
                throw malformed(request, "the head has neither ETag nor length")
            }
            return ObjectHead(response.head)
        } catch {
            guard error.kind == .noSuchKey, error.code == nil else { throw error }
            try await confirmBucket(object.bucket)
            throw error
        }
    }

    /// Buffers the body; `.tooLarge` when it is longer than the limit.
    public func getObject(
        _ object: ObjectAddress, _ options: ReadOptions = .init(), limitBytes: Int
    ) async throws(S3Error) -> (head: ObjectHead, body: [UInt8]) {
        var request = S3Request("GetObject", .get, .get, object)
        options.apply(to: &request)
        // A refusal's document may be longer than a small object.
        request.answerLimitBytes = max(limitBytes, Self.refusalLimitBytes)
        let response: HTTPResponse
        do throws(S3Error) {
            response = try await perform(request)
        } catch {
            // The transport has one kind for answers it will not buffer, and for those it cannot read: the head tells.
            guard error.kind == .malformedAnswer, error.status == nil,
                try await headObject(object, options).contentLength > limitBytes
            else { throw error }
            var tooLarge = error
            tooLarge.kind = .tooLarge
            throw tooLarge
        }
        var head = ObjectHead(response.head)
        if response.head.contentLength == nil {
            head.contentLength = Int64(response.body.count)
            if response.head.status == 200 { head.size = head.contentLength }
        }
        if let problem = options.problem(with: response.head, head) {
            throw malformed(request, problem)
        }
        guard head.contentLength == Int64(response.body.count) else {
            throw malformed(request, "the body's length is not the one announced")
        }
        guard response.body.count <= limitBytes else {
            throw Refusal(
                kind: .tooLarge, message: "the body is longer than \(limitBytes) bytes"
            ).error(request, connection: connection.name, attempts: 1, elapsed: .zero)
        }
        return (head, response.body)
    }

    /// Streams the body (no retry once a byte was delivered: the caller resumes with a range and If-Match).
    ///
    /// - Throws: ``S3Error``, or what `consume` throws.
    public func readObject<R: Sendable>(
        _ object: ObjectAddress, _ options: ReadOptions = .init(),
        consume: (ObjectHead, HTTPBodyReader) async throws -> R
    ) async throws -> R {
        var request = S3Request("GetObject", .get, .get, object)
        options.apply(to: &request)
        var loop = RetryLoop(client: self, request: request)
        while true {
            let attempt = try await loop.begin(payload: .empty)
            guard await state.gate.enter() else { throw loop.cancelled() }
            var isDelivered = false
            let refusal: Refusal
            do {
                let result = try await transport.download(signed(request, attempt)) {
                    answer, body in
                    guard answer.isSuccess else {
                        let text = try await Self.drain(
                            body, limitBytes: Self.refusalLimitBytes)
                        record(.get, bytesIn: text.count, bytesOut: 0)
                        throw Refused(Refusal(answer, body: text, hasKey: true))
                    }
                    let head = ObjectHead(answer)
                    if let problem = options.problem(with: answer, head) {
                        throw malformed(request, problem)
                    }
                    isDelivered = true
                    let result = try await consume(head, body)
                    record(.get, bytesIn: Int(head.contentLength), bytesOut: 0)
                    return result
                }
                state.gate.leave(.answered)
                return result
            } catch let error as Refused {
                refusal = error.refusal
            } catch let error as TransportError {
                refusal = Refusal(error)
                if isDelivered || refusal.mayHaveBeenSent {
                    record(.get, bytesIn: 0, bytesOut: 0)
                }
            } catch {
                state.gate.leave(.failed)
                throw error
            }
            state.gate.leave(refusal.outcome)
            if isDelivered { throw loop.failure(refusal) }
            try await loop.recover(from: refusal, attempt)
        }
    }

    /// Buffered PUT, payload signed.
    ///
    /// A conditional write whose answer was lost may be told `preconditionFailed` by its own first attempt: look at the
    /// object before believing that another writer was there.
    public func putObject(
        _ object: ObjectAddress, body: [UInt8], _ options: WriteOptions = .init()
    ) async throws(S3Error) -> WriteResult {
        var request = S3Request(
            "PutObject", .put, .put, bucket: object.bucket, key: object.key)
        options.apply(to: &request)
        request.body = body
        request.isBodyPaid = options.isBodyPaid
        if let lock = options.metadata.lock, lock != ObjectLock(), options.contentMD5 == nil,
            options.checksum == nil
        {
            // Locked writes are refused without a digest.
            request.add("Content-MD5", Base64.encode(Checksum.of(body, .md5)))
        }
        return WriteResult(try await perform(request).head.headers)
    }

    /// Relays one GET into one PUT (see HTTPRelay). `destination` makes the write's options from what the source answered.
    /// Retries the pair; `observe` gets `.restart` before each attempt. Errors name the side by `connection`.
    ///
    /// Give `read.ifMatch`: after a retry it keeps the object the same. Where the store takes no unsigned payload, an
    /// object of at most ``bufferedRelayMaximumBytes`` goes through memory; a larger one is `notSupported`.
    public func relayObject(
        from source: S3Client, _ object: ObjectAddress, _ read: ReadOptions,
        to target: ObjectAddress, observe: (@Sendable (RelayEvent) -> Void)? = nil,
        options: @escaping @Sendable (ObjectHead) throws -> WriteOptions
    ) async throws(S3Error) -> (source: ObjectHead, result: WriteResult) {
        if dialect.unsignedPayload == .no {
            let (head, body) = try await buffered(from: source, object, read, observe)
            let write: WriteOptions
            do { write = try options(head) } catch { throw stopped(error, "PutObject", target) }
            return (head, try await putObject(target, body: body, write))
        }
        var request = S3Request("GetObject", .get, .get, object)
        read.apply(to: &request)
        var template = S3Request(
            "PutObject", .put, .put, bucket: target.bucket, key: target.key)
        template.form = .unsigned
        let reading = request
        let result = try await relay(
            from: source, request, to: template, observe: observe
        ) { answer, write in
            let head = ObjectHead(answer)
            if let problem = read.problem(with: answer, head) {
                throw source.malformed(reading, problem)
            }
            try options(head).apply(to: &write)
        }
        return (ObjectHead(result.source), WriteResult(result.destination.head.headers))
    }

    /// What is read of an answer that refuses.
    static var refusalLimitBytes: Int { 64 << 10 }

    /// What goes through memory where a store takes signed payloads only.
    public static var bufferedRelayMaximumBytes: Int { 16 << 20 }

    func buffered(
        from source: S3Client, _ object: ObjectAddress, _ read: ReadOptions,
        _ observe: (@Sendable (RelayEvent) -> Void)?
    ) async throws(S3Error) -> (head: ObjectHead, body: [UInt8]) {
        let head: ObjectHead
        let body: [UInt8]
        do throws(S3Error) {
            (head, body) = try await source.getObject(
                object, read, limitBytes: Self.bufferedRelayMaximumBytes)
        } catch {
            guard error.kind == .tooLarge else { throw error }
            throw S3Error(
                kind: .notSupported, operation: "PutObject", connection: connection.name,
                bucket: object.bucket, key: object.key,
                message: "the store takes signed payloads only, so that at most "
                    + "\(Self.bufferedRelayMaximumBytes) bytes can be written at a time: copy in parts"
            )
        }
        observe?(.restart)
        body.withUnsafeBytes { observe?(.block($0)) }
        return (head, body)
    }

    func malformed(_ request: S3Request, _ message: String) -> S3Error {
        Refusal(kind: .malformedAnswer, message: message).error(
            request, connection: connection.name, attempts: 1, elapsed: .zero)
    }

    private func stopped(
        _ error: any Error, _ operation: String, _ object: ObjectAddress
    ) -> S3Error {
        if let error = error as? S3Error { return error }
        return S3Error(
            kind: error is CancellationError ? .cancelled : .invalidRequest, operation: operation,
            connection: connection.name, bucket: object.bucket, key: object.key,
            message: String(describing: error))
    }

    private static func drain(
        _ body: HTTPBodyReader, limitBytes: Int
    ) async throws(TransportError) -> [UInt8] {
        var text: [UInt8] = []
        while text.count < limitBytes, let block = try await body.next() {
            text.append(contentsOf: block)
        }
        return text
    }

    /// After a 404 that names nothing: throws `noSuchBucket` when it is the bucket that is missing.
    private func confirmBucket(_ bucket: String) async throws(S3Error) {
        guard !state.trusts(bucket: bucket) else { return }
        do throws(S3Error) {
            try await headBucket(bucket)
        } catch {
            // Not allowed to look, or the store knows no HeadBucket: it stays a missing object.
            guard error.kind == .accessDenied || error.kind == .notSupported else { throw error }
            state.noteSeen(bucket: bucket)
        }
    }
}
