import Signing

/// Who sent a request, and what its signature says of the body.
struct Identity: Sendable {
    let accessKeyID: String
    let isReadOnly: Bool
    let payload: PayloadHash
    /// Of the chunks of a body that is signed chunk by chunk.
    var chunks: ChunkSignatures?
}

/// Checks signatures against the keys that are served. Thread-safe.
struct Authenticator: Sendable {
    /// How far a request's time may be from now.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html> (RequestTimeTooSkewed)
    static let skewSecondsMaximum: Int64 = 900

    private let keys: [String: LocalS3AccessKey]
    private let region: String
    private let signer = RequestSigner()

    init(keys: [LocalS3AccessKey], region: String) {
        self.keys = Dictionary(keys.map { ($0.accessKeyID, $0) }) { first, _ in first }
        self.region = region
    }

    /// - Parameter now: Unix milliseconds.
    /// - Throws: ``S3Failure``; `AccessDenied` when there is no signature at all.
    func authenticate(_ request: S3Request, now: Int64) throws(S3Failure) -> Identity {
        let isPresigned = request.query.contains { $0.name == "X-Amz-Signature" }
        guard let authorization = request.header("authorization") else {
            guard isPresigned else {
                // Version 2, which S3 takes in no bucket made after June 2020.
                guard request.parameter("AWSAccessKeyId") == nil else { throw Self.otherScheme }
                throw S3Failure(.accessDenied)
            }
            return try checkQuery(request, now: now / 1_000)
        }
        guard !isPresigned else {
            throw S3Failure.invalidArgument(
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string "
                    + "parameter or the Authorization header should be specified",
                name: "Authorization", value: authorization)
        }
        return try checkHeader(authorization, request, now: now / 1_000)
    }

    private static let otherScheme = S3Failure(
        .invalidRequest,
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
    )

    /// What a request's signature must cover, and the signer adds of itself.
    private static let own: [Substring] = ["host", "x-amz-date", "x-amz-content-sha256"]

    private func checkHeader(_ authorization: String, _ request: S3Request, now: Int64)
        throws(S3Failure) -> Identity
    {
        let header: AuthorizationHeader
        do {
            header = try AuthorizationHeader(authorization)
        } catch {
            switch error {
            case .otherScheme: throw Self.otherScheme
            case .incomplete:
                throw S3Failure(
                    .authorizationHeaderMalformed, "The authorization header is malformed.")
            }
        }
        let credential = try Self.scope(header.credential, .authorizationHeaderMalformed)
        let key = try key(of: credential, .authorizationHeaderMalformed)
        guard let date = request.header("x-amz-date"), let time = Timestamps.parseAmzDate(date)
        else {
            throw S3Failure(
                .accessDenied, "AWS authentication requires a valid Date or x-amz-date header")
        }
        guard abs(time - now) <= Self.skewSecondsMaximum else {
            throw S3Failure(.requestTimeTooSkewed)
        }
        guard credential.day == Substring(date.utf8.prefix(8)) else {
            throw S3Failure(.signatureDoesNotMatch)
        }
        guard let text = request.header("x-amz-content-sha256") else {
            throw S3Failure(
                .invalidRequest, "Missing required header for this request: x-amz-content-sha256")
        }
        guard let payload = PayloadHash(headerValue: text) else {
            throw S3Failure.invalidArgument(
                "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a streaming form or a valid sha256 value.",
                name: "x-amz-content-sha256", value: text)
        }
        let signedNames = header.signedHeaders
        guard Self.own.allSatisfy(signedNames.contains) else {
            throw S3Failure(.signatureDoesNotMatch)
        }
        try requireSigned(signedNames, request)
        let signed = signer.signaturesOfChunks(
            method: request.method.rawValue, host: request.header("host") ?? "",
            path: request.rawPath, query: request.rawQuery.queryParameters,
            headers: Self.headers(signedNames.filter { !Self.own.contains($0) }, request),
            payload: payload,
            credentials: Credentials(
                accessKeyID: key.accessKeyID, secretAccessKey: key.secretAccessKey),
            region: region, time: time)
        guard RequestSigner.isSame(signed.head, String(header.signature)) else {
            throw S3Failure(.signatureDoesNotMatch)
        }
        let signsChunks = payload == .streamingSigned || payload == .streamingSignedTrailer
        return Identity(
            accessKeyID: key.accessKeyID, isReadOnly: key.isReadOnly, payload: payload,
            chunks: signsChunks ? signed.chunks : nil)
    }

    private func checkQuery(_ request: S3Request, now: Int64) throws(S3Failure) -> Identity {
        let own = request.query.map(\.name).filter(Self.isOwn)
        guard Set(own).count == own.count else {
            throw S3Failure(
                .authorizationQueryParametersError,
                "The parameters of a signature in the query must be given once.")
        }
        func parameter(_ name: String) throws(S3Failure) -> String {
            guard let value = request.parameter(name) else {
                throw S3Failure(
                    .authorizationQueryParametersError,
                    "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
                        + "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
                )
            }
            return value
        }
        guard try parameter("X-Amz-Algorithm") == "AWS4-HMAC-SHA256" else {
            throw S3Failure(
                .authorizationQueryParametersError,
                "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"")
        }
        let credential = try Self.scope(
            parameter("X-Amz-Credential")[...], .authorizationQueryParametersError)
        let key = try key(of: credential, .authorizationQueryParametersError)
        let date = try parameter("X-Amz-Date")
        guard let time = Timestamps.parseAmzDate(date), credential.day == date.prefix(8) else {
            throw S3Failure(
                .authorizationQueryParametersError,
                "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
        }
        guard let expires = Int(try parameter("X-Amz-Expires")),
            (1...RequestSigner.expiresSecondsMaximum).contains(expires)
        else {
            throw S3Failure(
                .authorizationQueryParametersError,
                "X-Amz-Expires must be between 1 and 604800 seconds")
        }
        guard time <= now + Self.skewSecondsMaximum else {
            throw S3Failure(.accessDenied, "Request is not valid yet")
        }
        guard now < time + Int64(expires) else {
            throw S3Failure(.accessDenied, "Request has expired")
        }
        let names = try parameter("X-Amz-SignedHeaders")[...]
            .pieces(";")
        guard names.contains("host") else { throw S3Failure(.signatureDoesNotMatch) }
        try requireSigned(names, request)
        let query = signer.presign(
            method: request.method.rawValue, host: request.header("host") ?? "",
            path: request.rawPath,
            query: request.rawQuery.queryParameters.filter { !Self.isOwn($0.name) },
            headers: Self.headers(names.filter { $0 != "host" }, request),
            credentials: Credentials(
                accessKeyID: key.accessKeyID, secretAccessKey: key.secretAccessKey),
            region: region, time: time, expires: expires)
        guard RequestSigner.isSame(String(query.suffix(64)), try parameter("X-Amz-Signature"))
        else {
            throw S3Failure(.signatureDoesNotMatch)
        }
        return Identity(
            accessKeyID: key.accessKeyID, isReadOnly: key.isReadOnly,
            payload: try Self.presignedPayload(request))
    }

    /// A presigned URL says nothing of the body. A header may, and is then held to it: bytes in chunks that were taken for
    /// the object's own would be another object.
    private static func presignedPayload(_ request: S3Request) throws(S3Failure) -> PayloadHash {
        guard let text = request.header("x-amz-content-sha256") else { return .unsigned }
        switch PayloadHash(headerValue: text) {
        case let payload? where payload != .streamingSigned && payload != .streamingSignedTrailer:
            return payload
        default:
            throw S3Failure.invalidArgument(
                "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER or a valid sha256 value.",
                name: "x-amz-content-sha256", value: text)
        }
    }

    /// Every `x-amz-` header must be under the signature: else anybody on the way could add one.
    private func requireSigned(_ names: [Substring], _ request: S3Request) throws(S3Failure) {
        // Otherwise they are not the names that were signed, which are part of what is signed.
        let isOrdered = zip(names, names.dropFirst()).allSatisfy { first, second in
            first.utf8.lexicographicallyPrecedes(second.utf8)
        }
        guard isOrdered, names.allSatisfy({ request.headers.contains(name: String($0)) }) else {
            throw S3Failure(.signatureDoesNotMatch)
        }
        // The hash of the body is under the signature by its value.
        let signed = names + ["x-amz-content-sha256"]
        if let name = AuthorizationHeader.firstUnsigned(of: request.headers, signed: signed) {
            throw S3Failure(
                .accessDenied,
                "There were headers present in the request which were not signed: \(name.lowercased())"
            )
        }
    }

    private static func scope(_ text: Substring, _ code: S3Failure.Code) throws(S3Failure)
        -> CredentialScope
    {
        guard let scope = CredentialScope(text), scope.service == "s3",
            scope.terminator == "aws4_request"
        else {
            throw S3Failure(code, "The credential is malformed.")
        }
        return scope
    }

    private func key(of credential: CredentialScope, _ code: S3Failure.Code) throws(S3Failure)
        -> LocalS3AccessKey
    {
        guard let key = keys[String(credential.accessKeyID)] else {
            throw S3Failure(.invalidAccessKeyID)
        }
        guard credential.region == region[...] else {
            throw S3Failure(
                code,
                "The authorization header is malformed; the region '\(credential.region)' is wrong; "
                    + "expecting '\(region)'",
                details: [.init(name: .region, value: region)])
        }
        return key
    }

    private static func headers(_ names: [Substring], _ request: S3Request) -> [(
        name: String, value: String
    )] {
        var found: [(name: String, value: String)] = []
        for name in names {
            let name = String(name)
            for value in request.headers[name] { found.append((name, value)) }
        }
        return found
    }

    private static func isOwn(_ name: String) -> Bool {
        switch name {
        case "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
            "X-Amz-SignedHeaders", "X-Amz-Signature":
            true
        default: false
        }
    }
}
