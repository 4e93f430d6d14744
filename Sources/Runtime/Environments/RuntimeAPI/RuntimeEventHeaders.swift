import NIOHTTP1

/// The headers of an event on its way to a runtime; each is left out when it would be empty.
enum RuntimeEventHeaders {
    static func make(_ event: InvocationEvent) -> HTTPHeaders {
        var headers = HTTPHeaders()
        headers.reserveCapacity(8)
        headers.add(name: "Content-Type", value: "application/json")
        headers.add(name: "Lambda-Runtime-Aws-Request-Id", value: event.requestID)
        headers.add(
            name: "Lambda-Runtime-Deadline-Ms", value: String(event.deadlineUnixMilliseconds))
        if !event.invokedFunctionARN.isEmpty {
            headers.add(
                name: "Lambda-Runtime-Invoked-Function-Arn", value: event.invokedFunctionARN)
        }
        if !event.traceHeader.isEmpty {
            headers.add(name: "Lambda-Runtime-Trace-Id", value: event.traceHeader)
        }
        if let context = event.clientContext, !context.isEmpty {
            headers.add(name: "Lambda-Runtime-Client-Context", value: oneLine(context))
        }
        return headers
    }

    /// JSON may be written over many lines and a header may not; what is between the tokens may as well be a space.
    private static func oneLine(_ json: [UInt8]) -> String {
        String(decoding: json.map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }, as: UTF8.self)
    }
}
