import Signing

/// Checks the signature of every request to the Lambda API against the runtime's own key pair: what its head says before
/// the body is read, and the body after that.
///
/// Source of the words: <https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html>, and answers as recorded.
struct LambdaAuthenticator: Sendable {
    /// How far a request's time may be from now, in seconds.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html>
    static let skewMaximum: Int64 = 300

    private let credentials: Credentials
    private let region: String
    private let signer = RequestSigner(service: "lambda")

    init(credentials: Credentials, region: String) {
        self.credentials = credentials
        self.region = region
    }

    /// Why a request is not let in.
    struct Refusal: Error, Equatable {
        /// "InvalidSignatureException" and so on.
        var code: String
        var message: String
    }

    /// What a request's head says of who sent it, as far as that can be told without the body.
    struct Claim: Sendable {
        fileprivate var signature: String
        /// As they stand in `SignedHeaders`.
        fileprivate var names: [String]
        /// Unix seconds.
        fileprivate var time: Int64
        /// What `X-Amz-Content-Sha256` says of the body. The signature is of that, and has been checked.
        fileprivate var payload: PayloadHash?
    }

    private static let mismatch = Refusal(
        code: "InvalidSignatureException",
        message:
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
    )

    /// Looks at a request's head. Who has no key of this runtime's gets no further than this.
    ///
    /// - Parameter now: Unix seconds.
    func claim(_ head: APIRequest, now: Int64) throws(Refusal) -> Claim {
        guard let text = head.header("authorization") else {
            throw Refusal(
                code: "MissingAuthenticationTokenException",
                message: "Missing Authentication Token")
        }
        let fields = try Self.fields(text)
        let (time, date) = try Self.time(head, now: now)
        let names = fields.signedHeaders.map(String.init)
        try Self.requireSigned(names, head)
        try check(fields.credential, date: date)
        var claim = Claim(signature: String(fields.signature), names: names, time: time)
        guard let given = head.header("x-amz-content-sha256") else { return claim }
        // Lambda knows no body that is not signed.
        guard let payload = PayloadHash(headerValue: given), case .sha256 = payload else {
            throw Self.mismatch
        }
        try check(head, claim, payload)
        claim.payload = payload
        return claim
    }

    /// Checks the whole of a request, whose head made the claim.
    func check(_ request: APIRequest, _ claim: Claim) throws(Refusal) {
        let payload = PayloadHash.of(request.body)
        guard let claimed = claim.payload else { return try check(request, claim, payload) }
        guard claimed == payload else { throw Self.mismatch }
    }

    private func check(
        _ head: APIRequest, _ claim: Claim, _ payload: PayloadHash
    ) throws(Refusal) {
        var headers: [(name: String, value: String)] = []
        for name in claim.names {
            for value in head.headers[name] { headers.append((name, value)) }
        }
        let signature = signer.signature(
            method: head.method, path: head.path, query: head.query.queryParameters,
            headers: headers,
            payload: payload, secretAccessKey: credentials.secretAccessKey, region: region,
            time: claim.time)
        guard RequestSigner.isSame(signature, claim.signature) else { throw Self.mismatch }
    }

    private static func fields(_ text: String) throws(Refusal) -> AuthorizationHeader {
        do {
            return try AuthorizationHeader(text)
        } catch {
            switch error {
            case .otherScheme:
                throw Refusal(
                    code: "IncompleteSignatureException",
                    message: "Authorization header requires 'AWS4-HMAC-SHA256'.")
            case .incomplete(let missing):
                let said = missing.map { "Authorization header requires '\($0)' parameter. " }
                throw Refusal(
                    code: "IncompleteSignatureException",
                    message: said.joined() + "Authorization=AWS4-HMAC-SHA256")
            }
        }
    }

    private static func time(
        _ head: APIRequest, now: Int64
    ) throws(Refusal) -> (seconds: Int64, text: String) {
        guard let date = head.header("x-amz-date") else {
            throw Refusal(
                code: "IncompleteSignatureException",
                message:
                    "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256"
            )
        }
        guard let time = Timestamps.parseAmzDate(date) else {
            throw Refusal(
                code: "IncompleteSignatureException",
                message:
                    "Date must be in ISO-8601 'basic format'. Got '\(date)'. See http://en.wikipedia.org/wiki/ISO_8601"
            )
        }
        guard abs(time - now) > skewMaximum else { return (time, date) }
        let clock = Timestamps.amzDate(now)
        let minutes = skewMaximum / 60
        let said =
            time < now
            ? "Signature expired: \(date) is now earlier than \(Timestamps.amzDate(now - skewMaximum)) (\(clock) - \(minutes) min.)"
            : "Signature not yet current: \(date) is still later than \(Timestamps.amzDate(now + skewMaximum)) (\(clock) + \(minutes) min.)"
        throw Refusal(code: "InvalidSignatureException", message: said)
    }

    /// `Host` and every `X-Amz-` header must be under the signature: else anybody on the way could add one, and what is asked
    /// for would be another thing.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
    private static func requireSigned(_ names: [String], _ head: APIRequest) throws(Refusal) {
        let missing =
            names.contains("host")
            ? AuthorizationHeader.firstUnsigned(of: head.headers, signed: names).map { "'\($0)'" }
            : "'Host' or ':authority'"
        guard let missing else { return }
        throw Refusal(
            code: "InvalidSignatureException",
            message: "\(missing) must be a 'SignedHeader' in the AWS Authorization.")
    }

    private func check(_ credential: Substring, date: String) throws(Refusal) {
        guard let scope = CredentialScope(credential) else {
            throw Refusal(
                code: "IncompleteSignatureException",
                message:
                    "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '\(credential)'"
            )
        }
        var said = ""
        if scope.region != region[...] {
            said += "Credential should be scoped to a valid region. "
        }
        if scope.service != "lambda" {
            said += "Credential should be scoped to correct service: 'lambda'. "
        }
        if scope.terminator != "aws4_request" {
            said += "Credential should be scoped with a valid terminator: 'aws4_request'. "
        }
        if !date.utf8.prefix(8).elementsEqual(scope.day.utf8) {
            said +=
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP. "
        }
        guard said.isEmpty else {
            throw Refusal(code: "InvalidSignatureException", message: said)
        }
        guard scope.accessKeyID == credentials.accessKeyID[...] else {
            throw Refusal(
                code: "UnrecognizedClientException",
                message: "The security token included in the request is invalid.")
        }
    }
}
