import Lambda

/// How a compiled-in function invokes others: through the runtime, as any caller does it.
public struct ServiceInvoker: LambdaInvoker {
    private let service: any InvocationService

    public init(_ service: any InvocationService) { self.service = service }

    public func invoke<Event: Codable & Sendable, Output: Codable & Sendable>(
        _ functionName: String, _ event: Event, returning: Output.Type, parent: LambdaContext?
    ) async throws -> Output {
        let answer: InvocationResponse
        do {
            answer = try await service.invoke(
                InvocationRequest(
                    functionName: functionName, payload: LambdaJSON.encode(event),
                    traceHeader: parent?.traceID, parent: parent?.requestID))
        } catch let error as LambdaServiceError {
            throw FunctionError(
                kind: error.reason == .budget
                    ? .overBudget : error.kind == .resourceNotFound ? .noSuchFunction : .failed,
                function: functionName, errorType: error.kind.rawValue, message: error.message,
                cause: error)
        }
        guard answer.functionError == nil else {
            let type = ErrorBody.type(in: answer.payload)
            throw FunctionError(
                kind: type == "Sandbox.Timedout" ? .timedOut : .failed, function: functionName,
                errorType: type ?? "Unhandled",
                message: ErrorBody.message(in: answer.payload)
                    ?? String(decoding: answer.payload, as: UTF8.self))
        }
        return try LambdaJSON.decode(returning, from: answer.payload, function: functionName)
    }
}
