import FoundationEssentials
import Lambda
import Logging
import Signing

/// The Lambda REST API: checks the signature, finds the operation, words its answer and its refusals as Lambda does.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html>
public struct LambdaAPI: APIResponder {
    private let logger: Logger
    private let authenticator: LambdaAuthenticator
    private let routes: [LambdaRoute]

    /// Source of the sizes: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>, and refusals as recorded.
    static let invokeBytesMaximum = 6_291_456
    static let eventBytesMaximum = 1 << 20
    static let codeBytesMaximum = 70_167_211
    static let documentBytesMaximum = 1 << 20

    /// - Parameter region: that signatures must name.
    public init(
        routes: [LambdaRoute], credentials: Credentials, region: String, logger: Logger
    ) {
        self.routes = routes
        self.logger = logger
        authenticator = LambdaAuthenticator(credentials: credentials, region: region)
    }

    public func bodyLimit(_ head: APIRequest) -> Result<Int, APIRefusal> {
        do {
            try authenticator.precheck(head)
        } catch {
            return .failure(APIRefusal(Self.answer(error)))
        }
        if head.path.hasSuffix("/invocations") {
            let isEvent = head.header("x-amz-invocation-type") == "Event"
            return .success(isEvent ? Self.eventBytesMaximum : Self.invokeBytesMaximum)
        }
        let isCode =
            head.path.hasSuffix("/code") || head.path == "/2015-03-31/functions"
            || head.path == "/2015-03-31/functions/"
        return .success(isCode ? Self.codeBytesMaximum : Self.documentBytesMaximum)
    }

    public func tooLarge(_ head: APIRequest) -> APIAnswer {
        guard case .success(let limit) = bodyLimit(head) else {
            return Self.answer(LambdaServiceError(.service, "refused"))
        }
        let operation = head.path.hasSuffix("/invocations") ? "InvokeFunction" : "CreateFunction"
        return Self.answer(
            LambdaServiceError(
                .requestTooLarge,
                "Request must be smaller than \(limit) bytes for the \(operation) operation"))
    }

    public func answer(_ request: APIRequest) async -> APIAnswer {
        do {
            try authenticator.check(request, now: UnixTime.milliseconds() / 1000)
        } catch {
            return Self.answer(error)
        }
        let segments = request.path.utf8.split(separator: UInt8(ascii: "/")).map {
            String(Substring($0))
        }
        var isKnownPath = false
        for route in routes {
            guard let parameters = route.match(segments) else { continue }
            isKnownPath = true
            guard route.method == request.method else { continue }
            do {
                return try await route.run(LambdaCall(request, parameters))
            } catch {
                if error.kind == .service {
                    logger.error(
                        "an operation failed",
                        metadata: ["path": "\(request.path)", "cause": "\(error.cause ?? error)"])
                }
                return Self.answer(error)
            }
        }
        if isKnownPath {
            return Self.answer(
                LambdaServiceError(
                    .invalidParameterValue, "\(request.method) is no operation of \(request.path)"))
        }
        return Self.answer(LambdaRoute.unknown(request))
    }
}
