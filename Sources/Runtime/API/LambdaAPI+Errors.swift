extension LambdaAPI {
    /// A refusal as a signature's: not in the model of any operation, the same for all services.
    static func answer(_ refusal: LambdaAuthenticator.Refusal) -> APIAnswer {
        APIAnswer(
            403, headers: headers(refusal.code),
            body: Array("{\"message\":".utf8) + JSONText.quoted(refusal.message) + Array("}".utf8))
    }

    /// The members' spelling differs from one error to another, as recorded.
    static func answer(_ error: LambdaServiceError) -> APIAnswer {
        let message = JSONText.quoted(error.message)
        var body: [UInt8]
        switch error.kind {
        case .resourceNotFound, .service, .invalidRuntime, .invalidZipFile, .resourceNotReady,
            .recursiveInvocation, .notImplemented:
            let isOurs = error.kind == .service
            body = Array("{\"Type\":\"\(isOurs ? "Service" : "User")\",\"Message\":".utf8) + message
        case .validation, .requestEntityTooLarge:
            body = Array("{\"message\":".utf8) + message
        default:
            body = Array("{".utf8)
            if let reason = error.reason {
                body += Array("\"Reason\":\"\(reason.rawValue)\",".utf8)
            }
            body += Array("\"Type\":\"User\",\"message\":".utf8) + message
        }
        body.append(UInt8(ascii: "}"))
        var headers = headers(error.kind.rawValue)
        if error.kind == .tooManyRequests { headers.append(("Retry-After", "1")) }
        return APIAnswer(status(error.kind), headers: headers, body: body)
    }

    /// For whom there is no room now. AWS's clients try again.
    static let unavailable = APIAnswer(
        503, headers: headers("ServiceUnavailableException"),
        body: Array("{\"message\":\"Service Unavailable\"}".utf8))

    /// For a client that did not send on.
    static let timedOut = APIAnswer(
        408, headers: headers("RequestTimeoutException"),
        body: Array("{\"message\":\"The request did not come in time\"}".utf8))

    private static func headers(_ code: String) -> [(name: String, value: String)] {
        [("Content-Type", "application/json"), ("x-amzn-ErrorType", code)]
    }

    static func status(_ kind: LambdaServiceError.Kind) -> Int {
        switch kind {
        case .invalidParameterValue, .validation, .invalidRequestContent, .codeStorageExceeded,
            .policyLengthExceeded, .recursiveInvocation:
            400
        case .resourceNotFound, .provisionedConcurrencyConfigNotFound: 404
        case .resourceConflict: 409
        case .preconditionFailed: 412
        case .requestTooLarge, .requestEntityTooLarge: 413
        case .unsupportedMediaType: 415
        case .tooManyRequests: 429
        case .service: 500
        case .notImplemented: 501
        case .invalidRuntime, .invalidZipFile, .resourceNotReady: 502
        }
    }
}
