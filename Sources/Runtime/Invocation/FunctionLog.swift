/// Where a function's lines go: its own (stdout, stderr) and the runtime's START, END and REPORT.
public protocol FunctionLog: Sendable {
    /// One line without its newline.
    ///
    /// - Parameters:
    ///   - requestID: the invocation that it belongs to; nil: of the init phase.
    ///   - stream: "2026/11/23/[$LATEST]" and 32 hexadecimal digits: one an environment.
    func append(
        _ line: String, function: FunctionVersion, stream: String, requestID: String?)
}
