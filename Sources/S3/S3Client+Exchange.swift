import Signing
import Transport

/// What can be put right once for an operation before it counts as failed.
struct Repairs {
    var route = false
    var clock = false
    var credentials = false
}

extension S3Client {
    /// One attempt's place and key pair, for those who must decide what a refusal of it means.
    struct Attempt {
        var target: ConnectionState.Target
        var credentials: Credentials
        var payload: PayloadHash
    }

    /// The one way of a buffered exchange: sign, send, classify, count, put right, retry.
    /// - Returns: an answer of success, nothing else.
    func perform(_ request: S3Request) async throws(S3Error) -> HTTPResponse {
        try await performCounted(request).response
    }

    /// The same, with the number of attempts: whoever repeats what is no plain repetition wants to know.
    func performCounted(
        _ request: S3Request
    ) async throws(S3Error) -> (response: HTTPResponse, attempts: Int) {
        var loop = RetryLoop(client: self, request: request)
        let payload = Self.payload(of: request)
        while true {
            let refusal: Refusal
            let attempt = try await loop.begin(payload: payload)
            guard await state.gate.enter() else { throw loop.cancelled() }
            switch await exchange(request, attempt) {
            case .success(let response):
                state.gate.leave(.answered)
                return (response, loop.attempts)
            case .failure(let refused):
                refusal = refused.refusal
                state.gate.leave(refusal.outcome)
            }
            try await loop.recover(from: refusal, attempt)
        }
    }

    private func exchange(
        _ request: S3Request, _ attempt: Attempt
    ) async -> Result<HTTPResponse, Refused> {
        do throws(TransportError) {
            let response = try await transport.send(
                signed(request, attempt), answerLimitBytes: request.answerLimitBytes)
            record(request.usage, bytesIn: response.body.count, bytesOut: request.body.count)
            if let refusal = refusal(of: response, to: request) {
                return .failure(Refused(refusal))
            }
            return .success(response)
        } catch {
            if error.mayHaveBeenSent {
                record(request.usage, bytesIn: 0, bytesOut: request.body.count)
            }
            return .failure(Refused(Refusal(error)))
        }
    }

    /// Why an answer is none; nil for success.
    func refusal(of response: HTTPResponse, to request: S3Request) -> Refusal? {
        let hasKey = request.key != nil
        guard response.head.isSuccess else {
            return Refusal(response.head, body: response.body, hasKey: hasKey)
        }
        guard request.mayFailInBody else { return nil }
        if ErrorBody.isError(response.body) {
            return Refusal(response.head, body: response.body, hasKey: hasKey)
        }
        // Only the white space that keeps a connection open came, then the end.
        if response.body.allSatisfy({ $0 <= 0x20 }), !response.body.isEmpty {
            return Refusal(kind: .interrupted, message: "the answer ended before its document")
        }
        return nil
    }

    func record(_ usage: UsageMeter.RequestClass, bytesIn: Int, bytesOut: Int) {
        meter?.record(
            connection: state.connection.name, usage, bytesIn: Int64(bytesIn),
            bytesOut: Int64(bytesOut))
    }

    static func payload(of request: S3Request) -> PayloadHash {
        switch request.form {
        case .unsigned: .unsigned
        case .chunked(let kind, _): kind
        case .signed: .of(request.body)
        }
    }

    /// The request as it is sent now: host, date and signature are of this attempt.
    func signed(_ request: S3Request, _ attempt: Attempt) -> HTTPRequest {
        let path = path(of: request)
        let target = attempt.target
        let method = request.method.rawValue
        let time = Timestamps.nowMilliseconds() / 1000 + target.clockOffsetSeconds
        var body = request.body
        let added: [(name: String, value: String)]
        if case .chunked(let kind, let trailer) = request.form {
            let (fields, chunks) = state.signer.signStreaming(
                method: method, host: target.host, path: path, query: request.query,
                headers: request.headers, payload: kind, credentials: attempt.credentials,
                region: target.region, time: time)
            added = fields
            body = ChunkedBody.encode(request.body, kind, chunks, trailer: trailer)
        } else {
            added = state.signer.sign(
                method: method, host: target.host, path: path, query: request.query,
                headers: request.headers, payload: attempt.payload,
                credentials: attempt.credentials, region: target.region, time: time)
        }
        var headers = HTTPHeaders()
        headers.reserveCapacity(request.headers.count + added.count, bytes: 768)
        for field in request.headers { headers.append(field.name, field.value) }
        for field in added { headers.append(field.name, field.value) }
        var url = target.urlPrefix
        url += path
        var separator = "?"
        for pair in request.query {
            url += separator
            url += pair.name
            if !pair.value.isEmpty {
                url += "="
                url += pair.value
            }
            separator = "&"
        }
        var message = HTTPRequest(
            request.method, url, headers: headers, body: body,
            timeouts: request.timeouts ?? HTTPTimeouts(idle: retry.patience))
        message.expectedBytes = request.expectedBytes
        message.isBodyPaid = request.isBodyPaid
        return message
    }

    /// Percent-encoded once, slashes kept: what is signed is what is sent.
    func path(of request: S3Request) -> String {
        var path = "/"
        if state.connection.style(bucket: request.bucket) == .path, !request.bucket.isEmpty {
            path += URIEncoding.encode(request.bucket.utf8, keepSlash: false)
            if request.key != nil { path += "/" }
        }
        if let key = request.key { path += URIEncoding.encode(key.bytes, keepSlash: true) }
        return path
    }
}

/// A refusal as an error, for `Result`.
struct Refused: Error {
    let refusal: Refusal
    init(_ refusal: Refusal) { self.refusal = refusal }
}
