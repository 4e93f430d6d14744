/// How large the body of a request to an operation may be, in bytes, and how Lambda words that it is not.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>, and refusals as recorded.
enum BodyLimit: Sendable {
    /// Of Invoke: by its type.
    case invocation
    /// Of InvokeWithResponseStream.
    case streamedInvocation
    /// Of InvokeAsync, which has kept its older limit.
    case asynchronousInvocation
    /// Of what may hold a package: 50 MB of zip in base64.
    case package
    /// Of UpdateFunctionConfiguration: the environment's 4 KB, and the rest.
    case configuration
    case document

    static let eventBytes = 1 << 20

    /// - Parameter isEvent: of Invoke with the type `Event`.
    func bytes(isEvent: Bool) -> Int {
        switch self {
        case .invocation: isEvent ? Self.eventBytes : 6_291_456
        case .streamedInvocation: 6_291_456
        case .asynchronousInvocation: 256 << 10
        case .package: 70_167_211
        case .configuration: 5_120
        case .document: 1 << 20
        }
    }

    /// - Parameters:
    ///   - operation: AWS's name.
    ///   - size: as far as it is known.
    func refusal(_ operation: String, isEvent: Bool, size: Int) -> LambdaServiceError {
        let limit = bytes(isEvent: isEvent)
        switch self {
        case .invocation where isEvent, .asynchronousInvocation:
            return LambdaServiceError(
                .requestEntityTooLarge,
                "\(size) byte payload is too large for the Event invocation type (limit \(limit) bytes)"
            )
        case .invocation:
            return LambdaServiceError(
                .requestTooLarge,
                "Request must be smaller than \(limit) bytes for the InvokeFunction operation")
        case .streamedInvocation:
            return LambdaServiceError(
                .requestTooLarge,
                "Request must be smaller than \(limit) bytes for the \(operation) operation")
        case .package, .configuration, .document:
            return LambdaServiceError(
                .requestEntityTooLarge,
                "Request must be smaller than \(limit) bytes for the \(operation) operation")
        }
    }
}
