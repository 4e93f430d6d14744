import Signing

/// Checks the signature of every request to the Lambda API against the runtime's own key pair.
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

    private static let prefix = "AWS4-HMAC-SHA256 "

    private struct Authorization {
        var day: Substring
        var signedHeaders: Substring
        var signature: Substring
    }

    /// Looks at who asks, before a body is read.
    func precheck(_ request: APIRequest) throws(Refusal) { _ = try authorization(request) }

    private func authorization(_ request: APIRequest) throws(Refusal) -> Authorization {
        guard let text = request.header("authorization") else {
            throw Refusal(
                code: "MissingAuthenticationTokenException",
                message: "Missing Authentication Token")
        }
        guard text.hasPrefix(Self.prefix) else {
            throw Refusal(
                code: "IncompleteSignatureException",
                message: "Authorization header requires 'AWS4-HMAC-SHA256'.")
        }
        var (scope, names, signature): (Substring?, Substring?, Substring?)
        for field in text.dropFirst(Self.prefix.count).split(separator: ",") {
            let pair = field.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { continue }
            switch pair[0] {
            case "Credential": scope = pair[1]
            case "SignedHeaders": names = pair[1]
            case "Signature": signature = pair[1]
            default: break
            }
        }
        guard let scope, let names, let signature else {
            throw Refusal(
                code: "IncompleteSignatureException",
                message:
                    "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters."
            )
        }
        // A key may hold slashes; the scope's own parts do not.
        let parts = scope.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 5,
            parts[..<(parts.count - 4)].joined(separator: "/") == credentials.accessKeyID
        else {
            throw Refusal(
                code: "UnrecognizedClientException",
                message: "The security token included in the request is invalid.")
        }
        let tail = parts.suffix(4)
        let (day, zone, service) = (
            tail[tail.startIndex], tail[tail.startIndex + 1], tail[tail.startIndex + 2]
        )
        guard zone == region[...], service == "lambda" else {
            throw Refusal(
                code: "InvalidSignatureException",
                message: "Credential should be scoped to a valid region and to service lambda.")
        }
        return Authorization(day: day, signedHeaders: names, signature: signature)
    }

    /// - Parameter now: Unix seconds.
    func check(_ request: APIRequest, now: Int64) throws(Refusal) {
        let authorization = try authorization(request)
        guard let date = request.header("x-amz-date"), let time = Timestamps.parseAmzDate(date),
            authorization.day == date.prefix(8)
        else {
            throw Refusal(
                code: "IncompleteSignatureException",
                message: "A valid date is needed in the header 'X-Amz-Date'.")
        }
        guard abs(time - now) <= Self.skewMaximum else {
            let word = time < now ? "expired" : "not yet current"
            throw Refusal(
                code: "InvalidSignatureException",
                message: "Signature \(word): \(date) is not within 5 minutes of this clock.")
        }
        let names = authorization.signedHeaders.split(separator: ";").map(String.init)
        var headers: [(name: String, value: String)] = []
        for name in names { for value in request.headers[name] { headers.append((name, value)) } }
        let given = request.header("x-amz-content-sha256").flatMap { PayloadHash(headerValue: $0) }
        let payload = PayloadHash.of(request.body)
        let isCovered =
            names.contains("host") && names.contains("x-amz-date")
            && (given == nil || given == payload)
        let query = request.query.split(separator: "&").map { piece in
            let pair = piece.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: String(pair[0]), value: pair.count > 1 ? String(pair[1]) : "")
        }
        let signature = signer.signature(
            method: request.method, path: request.path, query: query, headers: headers,
            payload: payload, secretAccessKey: credentials.secretAccessKey, region: region,
            time: time)
        guard isCovered, RequestSigner.isSame(signature, String(authorization.signature)) else {
            throw Refusal(
                code: "InvalidSignatureException",
                message:
                    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
            )
        }
    }
}
