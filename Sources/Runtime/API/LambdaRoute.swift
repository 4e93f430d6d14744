/// One operation: its method and path, and what it does.
public struct LambdaRoute: Sendable {
    /// AWS's name of the operation.
    let operation: String
    let method: String
    let limit: BodyLimit
    /// Segments of the path; "*" takes one, as a parameter.
    private let pattern: [String]
    let run: @Sendable (LambdaCall) async throws(LambdaServiceError) -> APIAnswer

    /// - Parameter path: "/2015-03-31/functions/*/invocations".
    init(
        _ operation: String, _ method: String, _ path: String, limit: BodyLimit = .document,
        _ run: @escaping @Sendable (LambdaCall) async throws(LambdaServiceError) -> APIAnswer
    ) {
        self.operation = operation
        self.method = method
        self.limit = limit
        pattern = path.split(separator: "/").map(String.init)
        self.run = run
    }

    /// The parameters in the path, decoded; nil when it is another's.
    func match(_ segments: [String]) -> [String]? {
        // What is the pattern's own first: a parameter is decoded once it is known to be one.
        guard segments.count == pattern.count,
            zip(segments, pattern).allSatisfy({ $1 == "*" || $0 == $1 })
        else { return nil }
        var parameters: [String] = []
        for (segment, part) in zip(segments, pattern) where part == "*" {
            guard let decoded = LambdaCall.decoded(segment) else { return nil }
            parameters.append(decoded)
        }
        return parameters
    }

    /// What is said of a path that has no operation here.
    static func unknown(_ request: APIRequest) -> LambdaServiceError {
        let parts = request.path.split(separator: "/")
        let isVersioned =
            parts.first.map { $0.count == 10 && $0.allSatisfy { $0.isNumber || $0 == "-" } }
            ?? false
        guard isVersioned else {
            return LambdaServiceError(
                .resourceNotFound, "There is nothing at \(request.path) on this runtime.")
        }
        return LambdaServiceError(
            .notImplemented,
            "This runtime does not have the operation \(request.method) \(request.path).")
    }
}
