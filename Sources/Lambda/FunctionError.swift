/// Why an invocation gave no answer. `kind` is the only thing code branches on.
public struct FunctionError: Error, Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable, Codable {
        /// The function threw.
        case failed
        /// The function's timeout passed and it was cancelled.
        case timedOut
        /// No function has this name.
        case noSuchFunction
        /// The event, or the answer, is not what the other side can read.
        case invalidEvent
        /// A budget leaves no room for it: it has not begun.
        case overBudget
    }

    public var kind: Kind
    public var function: String
    /// As Lambda reports it: "Sandbox.Timedout", or the name of the error's type.
    public var errorType: String
    public var message: String
    /// The function's own error where it ran in this process; nil when it came over a wire.
    public var cause: (any Error)?

    public init(
        kind: Kind, function: String, errorType: String, message: String,
        cause: (any Error)? = nil
    ) {
        self.kind = kind
        self.function = function
        self.errorType = errorType
        self.message = message
        self.cause = cause
    }

    /// What the function threw.
    public init(function: String, cause: any Error) {
        self.init(
            kind: .failed, function: function, errorType: "\(type(of: cause))",
            message: "\(cause)", cause: cause)
    }

    public var description: String { "\(function): \(message)" }
}
