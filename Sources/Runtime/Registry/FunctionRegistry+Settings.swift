extension FunctionRegistry {
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html>
    static let accountConcurrency = 1000
    static let unreservedMinimum = 100

    /// Reserves concurrency for a function; nil gives it back.
    func reserve(_ name: String, _ count: Int?) async throws(LambdaServiceError) {
        let before = try record(name).reservedConcurrency ?? 0
        if let count {
            guard count >= 0 else {
                throw LambdaServiceError(
                    .validation,
                    "1 validation error detected: Value '\(count)' at 'reservedConcurrentExecutions' failed to satisfy constraint: Member must have value greater than or equal to 0"
                )
            }
            guard
                Self.accountConcurrency - (totalReserved - before + count) >= Self.unreservedMinimum
            else {
                throw LambdaServiceError(
                    .invalidParameterValue,
                    "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [\(Self.unreservedMinimum)]."
                )
            }
        }
        try await change(name) { record throws(LambdaServiceError) in
            guard record != nil else { throw notFound(name) }
            record?.reservedConcurrency = count
        }
    }
}
