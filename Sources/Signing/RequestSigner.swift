import Transport

/// AWS Signature V4 for one service. Holds a small cache of derived signing keys. Thread-safe.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html>
public final class RequestSigner: Sendable {
    /// Seven days: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
    public static let expiresSecondsMaximum = 604_800

    public let service: String
    private let canonicalPath: CanonicalPath
    private let keys: SigningKeyCache
    /// Of the request before: those of one second have the same.
    private let lastParts = Locked<(time: Int64, region: String, parts: StringToSign)?>(nil)

    public init(service: String = "s3") {
        self.service = service
        canonicalPath = CanonicalPath(service: service)
        keys = SigningKeyCache(service: service)
    }

    /// - Parameter doubleEncodesPath: whether the canonical path is normalised and encoded once more;
    ///   true for all services but `s3`.
    public init(service: String, doubleEncodesPath: Bool) {
        self.service = service
        canonicalPath = doubleEncodesPath ? .normalizedAndEncoded : .asSent
        keys = SigningKeyCache(service: service)
    }

    /// Signs: returns the header fields to add (`x-amz-date`, `x-amz-content-sha256`,
    /// `x-amz-security-token` when there is one, `Authorization`). Costs a few microseconds.
    ///
    /// - Parameters:
    ///   - host: as the `Host` field will have it, with the port unless it is the scheme's own.
    ///   - path: percent-encoded, as it will be sent (S3: encoded once).
    ///   - query: percent-encoded name and value pairs in any order, as they will be sent ("" for no value).
    ///   - headers: every header to be signed besides `host` and the ones added here. All are signed.
    ///   - time: Unix seconds (the caller applies the learnt clock offset).
    public func sign(
        method: String, host: String, path: String, query: [(name: String, value: String)],
        headers: [(name: String, value: String)], payload: PayloadHash, credentials: Credentials,
        region: String, time: Int64
    ) -> [(name: String, value: String)] {
        signRequest(
            method: method, host: host, path: path, query: query, headers: headers,
            payload: payload, credentials: credentials, region: region, time: time
        ).fields(credentials)
    }

    /// Signs the head of a request whose body is sent in signed chunks, and returns what signs the chunks.
    ///
    /// `headers` must have `x-amz-decoded-content-length`, and `x-amz-trailer` when the payload has trailers.
    public func signStreaming(
        method: String, host: String, path: String, query: [(name: String, value: String)],
        headers: [(name: String, value: String)], payload: PayloadHash, credentials: Credentials,
        region: String, time: Int64
    ) -> (fields: [(name: String, value: String)], chunks: ChunkSigner) {
        let signed = signRequest(
            method: method, host: host, path: path, query: query, headers: headers,
            payload: payload, credentials: credentials, region: region, time: time)
        let chunks = ChunkSigner(
            ChunkSignatures(key: signed.key, parts: signed.parts, seed: signed.signature.hex))
        return (signed.fields(credentials), chunks)
    }

    /// The head's signature as ``sign`` makes it, and those of the chunks that shall follow: for who checks them.
    public func signaturesOfChunks(
        method: String, host: String, path: String, query: [(name: String, value: String)],
        headers: [(name: String, value: String)], payload: PayloadHash, credentials: Credentials,
        region: String, time: Int64
    ) -> (head: String, chunks: ChunkSignatures) {
        let signed = signRequest(
            method: method, host: host, path: path, query: query, headers: headers,
            payload: payload, credentials: credentials, region: region, time: time)
        let head = signed.signature.hex
        return (head, ChunkSignatures(key: signed.key, parts: signed.parts, seed: head))
    }

    /// The signature of a request that somebody else has signed, for who checks it: of exactly these headers.
    ///
    /// - Parameters:
    ///   - headers: all that were signed, `host` and `x-amz-date` included.
    ///   - payload: what stands in the canonical request for the body.
    public func signature(
        method: String, path: String, query: [(name: String, value: String)],
        headers: [(name: String, value: String)], payload: PayloadHash,
        secretAccessKey: String, region: String, time: Int64
    ) -> String {
        let request = CanonicalRequest(
            method: method, path: canonicalPath.path(path), query: query, headers: headers,
            payload: payload.headerValue)
        let key = keys.key(secretAccessKey: secretAccessKey, region: region, time: time)
        return key.key.mac(parts(time: time, region: region).bytes(request.digest)).hex
    }

    /// Whether two signatures are the same, in a time that does not tell how much of one is right.
    public static func isSame(_ left: String, _ right: String) -> Bool {
        guard left.utf8.count == right.utf8.count else { return false }
        var (left, right) = (left, right)
        return left.withUTF8 { left in
            right.withUTF8 { right in
                left.indices.reduce(UInt8(0)) { $0 | (left[$1] ^ right[$1]) } == 0
            }
        }
    }

    private func parts(time: Int64, region: String) -> StringToSign {
        lastParts.withLock { last in
            if let last, last.time == time, last.region == region { return last.parts }
            let parts = StringToSign(time: time, region: region, service: service)
            last = (time, region, parts)
            return parts
        }
    }

    private func signRequest(
        method: String, host: String, path: String, query: [(name: String, value: String)],
        headers: [(name: String, value: String)], payload: PayloadHash, credentials: Credentials,
        region: String, time: Int64
    ) -> SignedRequest {
        let parts = parts(time: time, region: region)
        let payload = payload.headerValue
        var fields: [(name: String, value: String)] = []
        fields.reserveCapacity(4)
        fields.append(("x-amz-date", parts.amzDate))
        fields.append(("x-amz-content-sha256", payload))
        if let token = credentials.sessionToken { fields.append(("x-amz-security-token", token)) }
        var signed: [(name: String, value: String)] = []
        signed.reserveCapacity(headers.count + 4)
        signed.append(contentsOf: headers)
        signed.append(("host", host))
        signed.append(contentsOf: fields)
        let request = CanonicalRequest(
            method: method, path: canonicalPath.path(path), query: query, headers: signed,
            payload: payload)
        let key = keys.key(
            secretAccessKey: credentials.secretAccessKey, region: region, time: time)
        return SignedRequest(
            added: fields, request: request, signature: key.key.mac(parts.bytes(request.digest)),
            key: key, parts: parts)
    }

    /// The query string of a presigned URL, `X-Amz-Signature` included.
    ///
    /// - Parameters:
    ///   - headers: what the user of the URL must send besides `host`.
    ///   - expires: 1...604,800 seconds.
    public func presign(
        method: String, host: String, path: String, query: [(name: String, value: String)],
        headers: [(name: String, value: String)] = [], credentials: Credentials, region: String,
        time: Int64, expires: Int
    ) -> String {
        precondition((1...Self.expiresSecondsMaximum).contains(expires), "expires out of range")
        let parts = parts(time: time, region: region)
        let signed = headers + [("host", host)]
        let names = CanonicalRequest(
            method: "", path: "", query: [], headers: signed, payload: ""
        ).signedHeaderNames
        let credential = "\(credentials.accessKeyID)/\(parts.scope)"
        var query = query
        query.append(("X-Amz-Algorithm", StringToSign.algorithm))
        query.append(
            ("X-Amz-Credential", URIEncoding.encode(credential.utf8, keepSlash: false)))
        query.append(("X-Amz-Date", parts.amzDate))
        query.append(("X-Amz-Expires", String(expires)))
        query.append(("X-Amz-SignedHeaders", URIEncoding.encode(names.utf8, keepSlash: false)))
        if let token = credentials.sessionToken {
            query.append(
                ("X-Amz-Security-Token", URIEncoding.encode(token.utf8, keepSlash: false)))
        }
        // S3 presigns no body; the other services sign an empty one.
        let payload = service == "s3" ? PayloadHash.unsigned : PayloadHash.empty
        let request = CanonicalRequest(
            method: method, path: canonicalPath.path(path), query: query, headers: signed,
            payload: payload.headerValue)
        let key = keys.key(
            secretAccessKey: credentials.secretAccessKey, region: region, time: time)
        let signature = key.key.mac(parts.bytes(request.digest)).hex
        let pairs = query.map { "\($0.name)=\($0.value)" }
        return (pairs + ["X-Amz-Signature=\(signature)"]).joined(separator: "&")
    }
}

/// A request's signature, and what went into it.
private struct SignedRequest {
    /// The fields that were added before it was signed.
    let added: [(name: String, value: String)]
    let request: CanonicalRequest
    let signature: SHA256Digest
    let key: SigningKey
    let parts: StringToSign

    /// The fields to add, `Authorization` as the last: who only checks a signature does not need it.
    func fields(_ credentials: Credentials) -> [(name: String, value: String)] {
        var authorization: [UInt8] = []
        authorization.reserveCapacity(384)
        authorization.append(contentsOf: "AWS4-HMAC-SHA256 Credential=".utf8)
        authorization.append(contentsOf: credentials.accessKeyID.utf8)
        authorization.append(0x2F)
        authorization.append(contentsOf: parts.scope.utf8)
        authorization.append(contentsOf: ", SignedHeaders=".utf8)
        authorization.append(contentsOf: request.bytes[request.signedHeaders])
        authorization.append(contentsOf: ", Signature=".utf8)
        signature.appendHex(to: &authorization)
        return added + [("Authorization", String(decoding: authorization, as: UTF8.self))]
    }
}
