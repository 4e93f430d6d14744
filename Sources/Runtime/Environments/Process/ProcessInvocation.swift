import Lambda
import NIOCore

/// One event in a process environment, from the hand-over to its answer.
struct ProcessInvocation {
    let event: InvocationEvent
    let began: ContinuousClock.Instant
    /// Takes the answer: the final one, or the response before it where the event says what follows it.
    let finish: @Sendable (InvocationAnswer) -> Void
    /// Where parts of a streamed response go.
    let parts: StreamedParts?
    var deadline: Scheduled<Void>?
    var suppressedInit: Duration?
    /// What the runtime said; the invocation lasts until its next `/next`.
    var result: RuntimeResult?
    /// ``finish`` has been called; what is left is the event's `afterwards`.
    var isAnswered = false
    /// What the function has told of its use, by lines of its log.
    var usage: [InvocationUsage.Line] = []
}

/// Why the environment killed its process.
enum KillReason {
    case timeout
    case outOfMemory
    /// Its init took too long or failed: it is to begin afresh.
    case failedInit
    case stopped
}
