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
    /// Unix seconds.
    private let clock: @Sendable () -> Int64

    /// - Parameter region: that signatures must name.
    public init(
        routes: [LambdaRoute], credentials: Credentials, region: String, logger: Logger
    ) {
        self.init(
            routes: routes, credentials: credentials, region: region, logger: logger,
            clock: { UnixTime.milliseconds() / 1000 })
    }

    init(
        routes: [LambdaRoute], credentials: Credentials, region: String, logger: Logger,
        clock: @escaping @Sendable () -> Int64
    ) {
        self.routes = routes
        self.logger = logger
        self.clock = clock
        authenticator = LambdaAuthenticator(credentials: credentials, region: region)
    }

    public func admit(_ head: APIRequest) throws(APIRefusal) -> APIAdmission {
        let claim: LambdaAuthenticator.Claim
        do {
            claim = try authenticator.claim(head, now: clock())
        } catch {
            throw APIRefusal(Self.answer(error))
        }
        let segments = head.path.utf8.split(separator: UInt8(ascii: "/")).map {
            String(Substring($0))
        }
        var isKnownPath = false
        for (index, route) in routes.enumerated() {
            guard let parameters = route.match(segments) else { continue }
            isKnownPath = true
            guard route.method == head.method else { continue }
            let isEvent = head.header("x-amz-invocation-type") == "Event"
            return APIAdmission(
                bodyLimit: route.limit.bytes(isEvent: isEvent), claim: claim,
                target: .route(index, parameters, isEvent: isEvent))
        }
        return APIAdmission(
            bodyLimit: BodyLimit.document.bytes(isEvent: false), claim: claim,
            target: isKnownPath ? .otherMethod : .nothing)
    }

    public func tooLarge(_ head: APIRequest, _ admission: APIAdmission, size: Int) -> APIAnswer {
        guard case .route(let index, _, let isEvent) = admission.target else {
            return Self.answer(
                BodyLimit.document.refusal("requested", isEvent: false, size: size))
        }
        let route = routes[index]
        return Self.answer(route.limit.refusal(route.operation, isEvent: isEvent, size: size))
    }

    public func answer(_ request: APIRequest, _ admission: APIAdmission) async -> APIAnswer {
        do {
            guard let claim = admission.claim else {
                return Self.answer(LambdaRoute.unknown(request))
            }
            try authenticator.check(request, claim)
        } catch {
            return Self.answer(error)
        }
        switch admission.target {
        case .route(let index, let parameters, _):
            do {
                return try await routes[index].run(LambdaCall(request, parameters))
            } catch {
                if error.kind == .service {
                    logger.error(
                        "an operation failed",
                        metadata: ["path": "\(request.path)", "cause": "\(error.cause ?? error)"])
                }
                return Self.answer(error)
            }
        case .otherMethod:
            return Self.answer(
                LambdaServiceError(
                    .invalidParameterValue, "\(request.method) is no operation of \(request.path)"))
        case .nothing, .endpoint:
            return Self.answer(LambdaRoute.unknown(request))
        }
    }
}
