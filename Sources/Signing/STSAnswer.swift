import Transport
import XML

/// Reads what STS answers.
enum STSAnswer {
    /// `OPERATIONResponse / OPERATIONResult / Credentials` and its four elements.
    static func credentials(
        _ body: [UInt8], _ operation: String, origin: String
    ) throws(CredentialsError) -> Credentials {
        let document: XMLNode
        do {
            document = try XMLNode(body)
        } catch {
            throw CredentialsError(
                .malformedAnswer, origin: origin, problem: "the answer is no XML of credentials",
                cause: error)
        }
        let found = document[operation + "Result"]?["Credentials"]
        func text(_ name: String) throws(CredentialsError) -> String {
            guard document.name == operation + "Response", let text = found?[name]?.text,
                !text.isEmpty
            else {
                throw CredentialsError(
                    .malformedAnswer, origin: origin, problem: "the answer has no \(name)")
            }
            return text
        }
        return Credentials(
            accessKeyID: try text("AccessKeyId"), secretAccessKey: try text("SecretAccessKey"),
            sessionToken: try text("SessionToken"),
            expiration: try CredentialsDocument.expiration(
                try text("Expiration"), origin: origin))
    }

    /// What an answer of failure means.
    ///
    /// Source: <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>
    static func failure(
        _ response: HTTPResponse, at endpoint: ServiceEndpoint, _ origin: String,
        hiding secrets: [String]
    ) -> CredentialsError {
        // Best effort: proxies answer with pages of their own, and then the status has to do.
        let error = (try? XMLNode(response.body))?["Error"]
        let code = error?["Code"]?.text ?? ""
        let status = response.head.status
        let mayPass =
            status >= 500 || status == 429
            || [
                "Throttling", "ThrottlingException", "RequestLimitExceeded",
                "IDPCommunicationError",
            ]
            .contains(code)
        var problem = "STS at \(endpoint.host) answered HTTP \(status)"
        if !code.isEmpty {
            problem += " " + CredentialsContext.words(code, hiding: secrets)
        }
        if let message = error?["Message"]?.text, !message.isEmpty {
            problem += ": " + CredentialsContext.words(message, hiding: secrets)
        }
        return CredentialsError(
            mayPass ? .unavailable : .refused, origin: origin, problem: problem,
            advice: advice(code))
    }

    private static func advice(_ code: String) -> String? {
        switch code {
        case "AccessDenied":
            "Allow sts:AssumeRole on the role to these credentials, and let the role trust them."
        case "InvalidClientTokenId", "SignatureDoesNotMatch":
            "Are the source credentials right, and do they belong to this STS endpoint?"
        case "ExpiredToken", "ExpiredTokenException": "Renew the source credentials or the token."
        case "RegionDisabledException": "Choose a region in which STS is active."
        default: nil
        }
    }
}
