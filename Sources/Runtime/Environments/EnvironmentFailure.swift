#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What an invoker is told of an environment that failed: documents and messages as the service has them.
enum EnvironmentFailure {
    static func timedOut(_ requestID: String, timeoutSeconds: Int) -> RuntimeResult {
        .failure(
            .timeout, "Sandbox.Timedout",
            "RequestId: \(requestID) Error: Task timed out after \(timeoutSeconds).00 seconds")
    }

    static func outOfMemory(_ requestID: String) -> RuntimeResult {
        .failure(
            .failure, "Runtime.OutOfMemory",
            "RequestId: \(requestID) Error: Runtime exited with error: signal: killed")
    }

    /// - Parameter status: as `waitpid` gives it.
    static func exited(_ requestID: String, status: Int32) -> RuntimeResult {
        let reason: String
        // As WIFSIGNALED, WTERMSIG and WEXITSTATUS have it.
        if status & 0x7F != 0 {
            reason =
                "with error: signal: \(name(ofSignal: status & 0x7F))"
                + (status & 0x80 != 0 ? " (core dumped)" : "")
        } else if status >> 8 & 0xFF != 0 {
            reason = "with error: exit status \(status >> 8 & 0xFF)"
        } else {
            reason = "without providing a reason"
        }
        return .failure(
            .failure, "Runtime.ExitError",
            "RequestId: \(requestID) Error: Runtime exited \(reason)")
    }

    static func notStarted(_ requestID: String, _ reason: String) -> RuntimeResult {
        .failure(.failure, "Runtime.InvalidEntrypoint", "RequestId: \(requestID) Error: \(reason)")
    }

    /// As Go prints signals, in which the service is written.
    private static func name(ofSignal signal: Int32) -> String {
        switch signal {
        case SIGHUP: "hangup"
        case SIGINT: "interrupt"
        case SIGQUIT: "quit"
        case SIGILL: "illegal instruction"
        case SIGTRAP: "trace/breakpoint trap"
        case SIGABRT: "aborted"
        case SIGBUS: "bus error"
        case SIGFPE: "floating point exception"
        case SIGKILL: "killed"
        case SIGUSR1: "user defined signal 1"
        case SIGSEGV: "segmentation fault"
        case SIGUSR2: "user defined signal 2"
        case SIGPIPE: "broken pipe"
        case SIGALRM: "alarm clock"
        case SIGTERM: "terminated"
        default: "signal \(signal)"
        }
    }
}
