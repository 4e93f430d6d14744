/// Where a function's lines go: its own (stdout, stderr) and the runtime's START, END and REPORT.
public protocol FunctionLog: Sendable {
    /// Lines without their newlines, which stay together.
    ///
    /// - Parameters:
    ///   - requestID: the invocation that it belongs to; nil: of the init phase.
    ///   - stream: "2026/11/23/[$LATEST]" and 32 hexadecimal digits: one an environment.
    func append(
        _ lines: [String], function: FunctionVersion, stream: String, requestID: String?)

    /// Lines of this moment that may be written a little later, with those that follow them: where a caller waits, even a
    /// small write would be in its way.
    func hold(
        _ lines: [String], function: FunctionVersion, stream: String, requestID: String?)
}

extension FunctionLog {
    public func hold(
        _ lines: [String], function: FunctionVersion, stream: String, requestID: String?
    ) { append(lines, function: function, stream: stream, requestID: requestID) }

    func append(_ line: String, function: FunctionVersion, stream: String, requestID: String?) {
        append([line], function: function, stream: stream, requestID: requestID)
    }
}
