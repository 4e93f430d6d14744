/// A refusal as the Lambda REST API words it. `kind` decides the status and the spelling of the body.
public struct LambdaServiceError: Error, Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable, CaseIterable {
        case invalidParameterValue = "InvalidParameterValueException"
        case resourceNotFound = "ResourceNotFoundException"
        case resourceConflict = "ResourceConflictException"
        case tooManyRequests = "TooManyRequestsException"
        case preconditionFailed = "PreconditionFailedException"
        case requestTooLarge = "RequestTooLargeException"
        case requestEntityTooLarge = "RequestEntityTooLargeException"
        case codeStorageExceeded = "CodeStorageExceededException"
        case policyLengthExceeded = "PolicyLengthExceededException"
        case invalidRequestContent = "InvalidRequestContentException"
        case provisionedConcurrencyConfigNotFound =
            "ProvisionedConcurrencyConfigNotFoundException"
        case unsupportedMediaType = "UnsupportedMediaTypeException"
        case validation = "ValidationException"
        case service = "ServiceException"
        case invalidRuntime = "InvalidRuntimeException"
        case invalidZipFile = "InvalidZipFileException"
        case resourceNotReady = "ResourceNotReadyException"
        case recursiveInvocation = "RecursiveInvocationException"
        case notImplemented = "NotImplementedException"
    }

    /// Why a request was throttled.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
    public enum ThrottleReason: String, Sendable {
        case concurrentInvocations = "ConcurrentInvocationLimitExceeded"
        case reservedConcurrentInvocations = "ReservedFunctionConcurrentInvocationLimitExceeded"
        case invocationRate = "FunctionInvocationRateLimitExceeded"
        case reservedInvocationRate = "ReservedFunctionInvocationRateLimitExceeded"
        case callerRate = "CallerRateLimitExceeded"
        /// Ours: a budget of brigade.yaml.
        case budget = "BudgetExceeded"
    }

    public var kind: Kind
    public var message: String
    /// Only with `.tooManyRequests`.
    public var reason: ThrottleReason?
    public var cause: (any Error)?

    public init(
        _ kind: Kind, _ message: String, reason: ThrottleReason? = nil,
        cause: (any Error)? = nil
    ) {
        self.kind = kind
        self.message = message
        self.reason = reason
        self.cause = cause
    }

    public var description: String { "\(kind.rawValue): \(message)" }
}
