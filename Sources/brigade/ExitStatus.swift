/// The exit codes, in one table. Thrown by a subcommand that has already said what happened.
enum ExitStatus: Int32, Error, CaseIterable {
    case done = 0
    /// Finished, and some objects failed or differ.
    case someFailed = 1
    /// Wrong usage or configuration.
    case usage = 2
    /// A guard stopped it: the delete cap, an empty source, a budget.
    case guardStopped = 3
    /// Could not reach a store, or was refused by it.
    case storeRefused = 4
    /// Interrupted; the same command goes on from there.
    case interrupted = 130
}

/// Why the command ends: one message for one cause, what to do about it, and the exit code.
struct CommandFailure: Error, Equatable {
    var status: ExitStatus
    /// One line, without the program's name.
    var message: String
    /// What to do next; one or two lines.
    var advice: [String]

    init(_ status: ExitStatus, _ message: String, advice: String...) {
        self.status = status
        self.message = message
        self.advice = advice
    }

    init(_ status: ExitStatus, _ message: String, advice: [String]) {
        self.status = status
        self.message = message
        self.advice = advice
    }

    var rendered: String {
        let lines = advice.flatMap { TextLayout.wrap($0, width: 98) }.map { "  \($0)" }
        return (["brigade: \(message)"] + lines).joined(separator: "\n")
    }
}
