import Lambda

/// A function of any types, reached by JSON.
protocol RegisteredFunction: Sendable {
    func invokeJSON(
        _ event: [UInt8], on invoker: InProcessInvoker, _ parent: LambdaContext?
    ) async throws -> [UInt8]
}

/// A registered function. A class, so that a caller of the same types is found by one cast.
final class TypedFunction<Event: Codable & Sendable, Output: Codable & Sendable>:
    RegisteredFunction
{
    let name: String
    let arn: String
    let memoryMB: Int
    let timeout: Duration?
    let gate: ConcurrencyGate?
    let estimate: (@Sendable (Event) -> BudgetMeter.Estimate)?
    let call: @Sendable (Event, LambdaContext) async throws -> Output

    init(
        name: String, arn: String, memoryMB: Int, timeout: Duration?, gate: ConcurrencyGate?,
        estimate: (@Sendable (Event) -> BudgetMeter.Estimate)?,
        call: @escaping @Sendable (Event, LambdaContext) async throws -> Output
    ) {
        self.name = name
        self.arn = arn
        self.memoryMB = memoryMB
        self.timeout = timeout
        self.gate = gate
        self.estimate = estimate
        self.call = call
    }

    func invokeJSON(
        _ event: [UInt8], on invoker: InProcessInvoker, _ parent: LambdaContext?
    ) async throws -> [UInt8] {
        let event = try LambdaJSON.decode(Event.self, from: event, function: name)
        return try LambdaJSON.encode(await invoker.run(self, event, parent: parent))
    }
}
