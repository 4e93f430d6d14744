import FoundationEssentials

/// A typed handler behind the raw protocol: JSON in, JSON out.
public struct JSONLambdaHandler<Handler: LambdaHandler>: RawLambdaHandler {
    public let handler: Handler

    public init(_ handler: Handler) {
        self.handler = handler
    }

    /// - Throws: ``FunctionError`` of kind `.invalidEvent` when the bytes are no event of this handler;
    ///   otherwise what the handler throws.
    public func handle(_ event: [UInt8], context: LambdaContext) async throws -> [UInt8] {
        try await LambdaJSON.encode(
            handler.handle(
                LambdaJSON.decode(Handler.Event.self, from: event, function: context.functionName),
                context: context))
    }
}

/// The one place where events and answers become JSON and come back from it.
public enum LambdaJSON {
    public static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    /// - Throws: ``FunctionError`` of kind `.invalidEvent`, which names the function and the reason.
    public static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: [UInt8], function: String
    ) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw FunctionError(
                kind: .invalidEvent, function: function, errorType: "Runtime.UnmarshalError",
                message: "cannot read \(type) from JSON: \(error)", cause: error)
        }
    }
}
