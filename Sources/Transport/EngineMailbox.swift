#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What tasks ask of an engine.
enum EngineCommand: Sendable {
    case start(UInt64, Work)
    /// Something the transfer waited for has changed: room in a reader, bytes in a writer.
    case resume(UInt64)
    case cancel(UInt64)
}

/// One transfer, before an engine has made it its own.
enum Work: Sendable {
    case send(
        HTTPRequest, answerLimitBytes: Int,
        CheckedContinuation<Result<HTTPResponse, TransportError>, Never>)
    case download(HTTPRequest, HTTPBodyReader)
    case upload(HTTPRequest, HTTPBodyWriter)
    case relay(HTTPRelay, CheckedContinuation<Result<HTTPRelayResult, HTTPRelayFailure>, Never>)
}

/// The locked inbox of one engine, for commands and for the jobs of tasks, and the pipe that ends its sleep. Any thread.
///
/// The pipe is only written when the engine is asleep or about to be, so that a busy one costs no system call.
/// The inbox is bounded by the callers: each has one command to start and few to follow it.
final class EngineMailbox: Sendable {
    private struct Box {
        var commands: [EngineCommand] = []
        var jobs: [UnownedJob] = []
        var isAsleep = false
        var isStopping = false
        var isClosed = false
        var hasEnded = false
        var endWaiters: [CheckedContinuation<Void, Never>] = []

        var isEmpty: Bool { commands.isEmpty && jobs.isEmpty }
    }

    private let box = Locked(Box())
    /// Read by the engine's poll.
    let wakeDescriptor: Int32
    private let wakeSender: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        let code = pipe(&ends)
        precondition(code == 0, "no file descriptor left for an engine")
        for end in ends {
            _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        (wakeDescriptor, wakeSender) = (ends[0], ends[1])
    }

    deinit {
        close(wakeDescriptor)
        close(wakeSender)
    }

    /// False when the engine is stopped: then nobody will look at the command.
    func post(_ command: EngineCommand) -> Bool { post { $0.commands.append(command) } }

    /// False when the engine is stopped: then the job is left to the caller.
    func post(_ job: UnownedJob) -> Bool { post { $0.jobs.append(job) } }

    private func post(_ put: (inout Box) -> Void) -> Bool {
        let (isAccepted, mustWake) = box.withLock { box in
            guard !box.isClosed else { return (false, false) }
            put(&box)
            defer { box.isAsleep = false }
            return (true, box.isAsleep)
        }
        if mustWake { wake() }
        return isAccepted
    }

    func stop() {
        let mustWake = box.withLock { box in
            box.isStopping = true
            defer { box.isAsleep = false }
            return box.isAsleep
        }
        if mustWake { wake() }
    }

    /// Whether nothing waits to be taken.
    var isEmpty: Bool { box.withLock { $0.isEmpty } }

    /// Swaps what has come into `commands` and `jobs`, which must be empty; returns whether to stop.
    func take(into commands: inout [EngineCommand], _ jobs: inout [UnownedJob]) -> Bool {
        box.withLock { box in
            box.isAsleep = false
            swap(&box.commands, &commands)
            swap(&box.jobs, &jobs)
            return box.isStopping
        }
    }

    /// True when nothing has come: from now on a post wakes the engine.
    func fallAsleep() -> Bool {
        box.withLock { box in
            guard box.isEmpty, !box.isStopping else { return false }
            box.isAsleep = true
            return true
        }
    }

    /// Reads away what woke the engine.
    func drainWakes() {
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { scratch in
            while read(wakeDescriptor, scratch.baseAddress, scratch.count) == scratch.count {}
        }
    }

    /// Closes the inbox for good and returns what was still in it.
    func close() -> (commands: [EngineCommand], jobs: [UnownedJob]) {
        box.withLock { box in
            box.isClosed = true
            defer { (box.commands, box.jobs) = ([], []) }
            return (box.commands, box.jobs)
        }
    }

    /// The engine has ended every transfer and closed its connections.
    func end() {
        let waiters = box.withLock { box in
            box.hasEnded = true
            defer { box.endWaiters = [] }
            return box.endWaiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func waitUntilEnded() async {
        await withCheckedContinuation { waiter in
            let hasEnded = box.withLock { box in
                if !box.hasEnded { box.endWaiters.append(waiter) }
                return box.hasEnded
            }
            if hasEnded { waiter.resume() }
        }
    }

    private func wake() {
        var byte: UInt8 = 1
        // A full pipe wakes as well.
        _ = write(wakeSender, &byte, 1)
    }

    private func close(_ descriptor: Int32) {
        #if canImport(Glibc)
            _ = Glibc.close(descriptor)
        #elseif canImport(Musl)
            _ = Musl.close(descriptor)
        #else
            _ = Darwin.close(descriptor)
        #endif
    }
}
