import FoundationEssentials
import Glibc
import NIOCore
import NIOPosix
import Transport

/// Runs a function's package in a process of its own, which speaks the Runtime API: official runtime clients work.
///
/// A process group, a folder in place of `/tmp` (kept when the process crashes, removed by ``stop()``) and memory that is
/// watched every 10 ms while it works; no namespaces: the function can read what this process' user can read.
/// A warm invocation costs two wake-ups: of the event loop that the runtime's `/next` waits on, and of the caller.
public final class ProcessEnvironment: ExecutionEnvironment {
    public let version: FunctionVersion
    /// The name of its log stream.
    public let logStream: String
    private let loop: any EventLoop
    private let core: NIOLoopBoundBox<ProcessCore>
    private let temporaryDirectory: String
    private let listening = Locked(Listening.notYet)

    private enum Listening {
        case notYet
        case open(RuntimeAPIServer)
        /// Stopped, for good.
        case closed
    }

    /// Starts nothing yet.
    public init(_ version: FunctionVersion, _ settings: ProcessSettings) {
        self.version = version
        var random = SystemRandomNumberGenerator()
        let folder = "\(settings.temporaryRoot)/\(String(random.next() as UInt64, radix: 16))"
        let stream = LogStreamName.make(version: version.version, unixSeconds: time(nil))
        let loop = settings.group.next()
        logStream = stream
        temporaryDirectory = folder
        self.loop = loop
        core = NIOLoopBoundBox.makeBoxSendingValue(
            ProcessCore(
                version, settings, loop: loop, logStream: stream, temporaryDirectory: folder),
            eventLoop: loop)
    }

    public func initialize() async -> InitOutcome {
        await listen()
        let (core, loop) = (core, loop)
        return await withCheckedContinuation { continuation in
            loop.execute {
                core.value.initialize { continuation.resume(returning: $0) }
            }
        }
    }

    public func invoke(_ event: InvocationEvent) async -> InvocationAnswer {
        let began = ContinuousClock.now
        await listen()
        guard let stream = event.stream else { return await run(event, began, nil) }
        let parts = StreamedParts()
        async let answer = run(event, began, parts)
        for await part in parts.sequence {
            await stream(part)
            if parts.taken(part.count) {
                let core = core
                loop.execute { core.value.session.readOn() }
            }
        }
        var whole = await answer
        if whole.status == .success, !whole.payload.isEmpty {
            await stream(whole.payload)
            whole.payload = []
        }
        return whole
    }

    private func run(
        _ event: InvocationEvent, _ began: ContinuousClock.Instant, _ parts: StreamedParts?
    ) async -> InvocationAnswer {
        let (core, loop) = (core, loop)
        return await withCheckedContinuation { continuation in
            loop.execute {
                core.value.invoke(
                    ProcessInvocation(
                        event: event, began: began,
                        finish: { continuation.resume(returning: $0) }, parts: parts))
            }
        }
    }

    public func stop() async {
        let (core, loop) = (core, loop)
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            loop.execute { core.value.stop { continuation.resume() } }
        }
        let open: RuntimeAPIServer? = listening.withLock { state in
            defer { state = .closed }
            if case .open(let server) = state { return server }
            return nil
        }
        await open?.stop()
        // Nothing may have been made; and a folder that cannot be removed is the machine's to clean.
        try? FileManager.default.removeItem(atPath: temporaryDirectory)
    }

    /// A failure shows as a failed init: the core has no address to give to a process.
    private func listen() async {
        let isNeeded = listening.withLock { state in
            if case .notYet = state { true } else { false }
        }
        guard isNeeded else { return }
        let (core, loop) = (core, loop)
        guard mkdir(temporaryDirectory, 0o700) == 0 || errno == EEXIST else {
            let reason =
                "cannot make the folder \(temporaryDirectory): \(String(cString: strerror(errno)))"
            return loop.execute { core.value.cannotListen(reason) }
        }
        do {
            let session = try await loop.submit {
                NIOLoopBound(core.value.session, eventLoop: loop)
            }.get()
            let started = try await RuntimeAPIServer.start(on: loop, session)
            let isWanted = listening.withLock { state in
                guard case .notYet = state else { return false }
                state = .open(started)
                return true
            }
            // It was stopped meanwhile.
            guard isWanted else { return await started.stop() }
            try await loop.submit { core.value.listens(at: started.authority) }.get()
        } catch {
            let reason = "the Runtime API cannot listen on 127.0.0.1: \(error)"
            loop.execute { core.value.cannotListen(reason) }
        }
    }
}
