import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One engine thread as the tasks see it. Owned by the transport; any thread.
final class Engine: Sendable {
    let mailbox = EngineMailbox()
    let executor: EngineExecutor
    private let transfers = Atomic<Int>(0)
    private let nextID = Atomic<UInt64>(1)
    private let thread: Locked<pthread_t?>

    init(_ options: EngineOptions) {
        executor = EngineExecutor(mailbox: mailbox)
        let start = Start(mailbox: mailbox, options: options, executor: executor)
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                #if canImport(Darwin)
                    let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
                #else
                    let start = Unmanaged<Start>.fromOpaque(context!).takeRetainedValue()
                #endif
                // Signals are the main thread's; this also keeps SIGPIPE of a TLS write away.
                var all = sigset_t()
                sigfillset(&all)
                pthread_sigmask(SIG_BLOCK, &all, nil)
                EngineLoop(start.options, mailbox: start.mailbox, executor: start.executor).run()
                start.mailbox.end()
                return nil
            }, Unmanaged.passRetained(start).toOpaque())
        precondition(code == 0, "pthread_create failed with \(code)")
        self.thread = Locked(thread)
    }

    deinit {
        mailbox.stop()
        join()
    }

    /// Transfers under way, to spread the next ones.
    var load: Int { transfers.load(ordering: .relaxed) }

    func makeID() -> UInt64 {
        transfers.add(1, ordering: .relaxed)
        return nextID.add(1, ordering: .relaxed).oldValue
    }

    /// Once for each `makeID`, when the caller has its answer.
    func release() { transfers.subtract(1, ordering: .relaxed) }

    func stop() async {
        mailbox.stop()
        await mailbox.waitUntilEnded()
        join()
    }

    private func join() {
        let taken = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        guard let taken else { return }
        // The last reference may go in a callback on the engine itself, which cannot wait for its own end.
        if pthread_equal(taken, pthread_self()) != 0 {
            pthread_detach(taken)
        } else {
            pthread_join(taken, nil)
        }
    }

    private final class Start: Sendable {
        let mailbox: EngineMailbox
        let options: EngineOptions
        let executor: EngineExecutor
        init(mailbox: EngineMailbox, options: EngineOptions, executor: EngineExecutor) {
            self.mailbox = mailbox
            self.options = options
            self.executor = executor
        }
    }
}
