import Glibc

/// Ctrl-C and SIGTERM. The first asks the work to stop, the second ends the process at once.
///
/// The main thread waits for them, because a signal handler may do next to nothing.
struct Interruption {
    private var signals = sigset_t()

    /// To be made on the main thread before there is any other: threads inherit that both are blocked.
    init() {
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Waits for as long as the process lives; runs `first` at the first signal.
    func wait(first: () -> Void) -> Never {
        var signals = signals
        var isFirst = true
        while true {
            var signal: Int32 = 0
            guard sigwait(&signals, &signal) == 0 else { continue }
            guard isFirst else {
                // Nothing that could wait: the user has asked twice.
                StandardStreams.write("\n", to: STDERR_FILENO)
                _exit(ExitStatus.interrupted.rawValue)
            }
            isFirst = false
            first()
        }
    }
}
