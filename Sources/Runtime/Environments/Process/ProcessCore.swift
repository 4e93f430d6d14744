import Lambda
import NIOCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The life of one environment's process: started, initialised, given events, ended, started again. Lives on one event loop
/// with the session it answers by and the pipe it logs from; nothing here waits.
final class ProcessCore: RuntimeSessionOwner {
    /// How often memory is looked at while the process works.
    static let samplingInterval = TimeAmount.milliseconds(10)
    /// What a runtime that has reported a failed init gets to exit by itself, so that its last lines are read.
    static let exitGrace = TimeAmount.milliseconds(500)
    /// For the loop to accept and read what a runtime sent just before its end, looked at again while there is more, and how
    /// long at most: a child of the runtime may hold its connections open, and a taker may be slow.
    static let lastWords = TimeAmount.milliseconds(20)
    static let lastWordsMaximum = TimeAmount.seconds(5)

    private enum Phase {
        /// No process.
        case down
        case starting
        case ready
        case running
        /// Killed, or gone by itself; its end is awaited.
        case ending
        case stopped
    }

    /// The init phase under way.
    private struct Initialisation {
        let began: ContinuousClock.Instant
        var limit: Scheduled<Void>?
        /// What the runtime reported.
        var error: RuntimeResult?
        let finish: (RuntimeResult?) -> Void
    }

    let version: FunctionVersion
    let session: RuntimeSession
    private let settings: ProcessSettings
    private let loop: any EventLoop
    private let logStream: String
    private let temporaryDirectory: String
    /// Empty: nothing can be started.
    private var authority = ""
    private var problem = "the environment is not set up"
    private var phase = Phase.down
    private var generation = 0
    private var process: RuntimeProcess?
    private var output: OutputPipe?
    private var lines = OutputLines()
    private var memory: ProcessMemory?
    private var sampling: Scheduled<Void>?
    private var killReason: KillReason?
    private var initialisation: Initialisation?
    private var invocation: ProcessInvocation?
    /// Called when the process that is ending has ended.
    private var afterEnd: [() -> Void] = []

    init(
        _ version: FunctionVersion, _ settings: ProcessSettings, loop: any EventLoop,
        logStream: String, temporaryDirectory: String
    ) {
        self.version = version
        self.settings = settings
        self.loop = loop
        self.logStream = logStream
        self.temporaryDirectory = temporaryDirectory
        session = RuntimeSession()
        session.owner = self
    }

    func listens(at authority: String) { self.authority = authority }

    /// Why no process can be started; said by every invocation.
    func cannotListen(_ reason: String) { problem = reason }

    // MARK: What the environment asks

    func initialize(_ finish: @escaping @Sendable (InitOutcome) -> Void) {
        let began = ContinuousClock.now
        guard case .down = phase, !authority.isEmpty else {
            return finish(InitOutcome(duration: .zero, succeeded: phase == .ready))
        }
        start(began, limit: settings.initLimit) { [self] failure in
            let duration = ContinuousClock.now - began
            if let failure { reportInit(failure, duration, phase: "init", requestID: nil) }
            finish(InitOutcome(duration: duration, succeeded: failure == nil))
        }
    }

    func invoke(_ invocation: ProcessInvocation) {
        guard self.invocation == nil, phase != .stopped, !authority.isEmpty else {
            invocation.event.begun?()
            return answerAtOnce(invocation)
        }
        self.invocation = invocation
        // First of all, where it can be: the rest is done while the function works.
        if phase == .ready { hand(invocation.event) }
        invocation.event.begun?()
        let generation = generation
        let bound = NIOLoopBound(self, eventLoop: loop)
        let left = max(.zero, invocation.event.deadline - .now)
        self.invocation?.deadline = loop.scheduleTask(in: TimeAmount(left)) {
            bound.value.timeOut(invocation.event.requestID)
        }
        switch phase {
        case .down: startSuppressed()
        case .ending:
            afterEnd.append { [self] in
                if self.invocation != nil, generation <= self.generation { startSuppressed() }
            }
        case .starting, .ready, .running, .stopped: break
        }
    }

    func stop(_ finish: @escaping () -> Void) {
        sampling?.cancel()
        session.restart()
        switch phase {
        case .down, .stopped:
            phase = .stopped
            finish()
        case .starting, .ready, .running:
            end(.stopped)
            afterEnd.append(finish)
        case .ending:
            killReason = .stopped
            process?.kill()
            afterEnd.append(finish)
        }
    }

    // MARK: What the runtime says

    /// Acts once all that was ready with this request has been read: what the runtime wrote before it is in the pipe by now,
    /// and may not be taken from there behind the back of a channel that is about to read.
    func runtimeIsReady() {
        let generation = generation
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.execute {
            let core = bound.value
            if core.generation == generation { core.isReady() }
        }
    }

    private func isReady() {
        if initialisation != nil {
            phase = .ready
            finishInit(nil)
        } else if phase == .running, let invocation, let result = invocation.result {
            phase = .ready
            complete(result)
        }
    }

    func runtimeFailedInit(_ result: RuntimeResult) {
        guard initialisation != nil else { return }
        initialisation?.error = result
        initialisation?.limit?.cancel()
        after(Self.exitGrace) { $0.end(.failedInit) }
    }

    func runtimeAnswered(_ result: RuntimeResult) {
        guard let answered = invocation, answered.result == nil else { return }
        invocation?.result = result
        // Nobody waits for what the runtime does before its next `/next`: Lambda too delivers a response when it comes.
        guard phase == .running, answered.event.afterwards != nil, answered.parts == nil,
            result.errorType != RuntimeResult.tooLarge.errorType,
            let memory, memory.leaderPeak() <= limitBytes
        else { return }
        invocation?.isAnswered = true
        var answer = InvocationAnswer(
            status: result.status, payload: result.payload, errorType: result.errorType,
            duration: ContinuousClock.now - answered.began)
        answer.isFinal = false
        answered.finish(answer)
    }

    func runtimeStreamed(_ part: [UInt8], from handler: RuntimeAPIHandler) {
        if invocation?.parts?.add(part) == true { handler.setReading(false) }
    }

    // MARK: Starting

    private func start(
        _ began: ContinuousClock.Instant, limit: Duration?,
        _ finish: @escaping (RuntimeResult?) -> Void
    ) {
        let words: [String]
        do throws(RuntimeCommands.Missing) {
            words = try settings.commands.words(for: version)
        } catch {
            return finish(EnvironmentFailure.notStarted(requestID, error.message))
        }
        guard let opened = OutputPipe.open(on: loop, take: { [self] in take($0) }) else {
            return finish(
                EnvironmentFailure.notStarted(
                    requestID, "no pipe for the output: \(String(cString: strerror(errno)))"))
        }
        generation += 1
        phase = .starting
        killReason = nil
        output = opened.pipe
        session.restart()
        initialisation = Initialisation(began: began, finish: finish)
        if let limit {
            initialisation?.limit = after(TimeAmount(limit)) { $0.end(.failedInit) }
        }
        let launch = RuntimeLaunch(
            words: words,
            variables: RuntimeVariables.make(
                version, region: settings.region, runtimeAPI: authority, logStream: logStream,
                temporaryDirectory: temporaryDirectory, isProvisioned: settings.isProvisioned,
                injected: settings.variables),
            directory: version.codeDirectory ?? "/")
        let bound = NIOLoopBound(self, eventLoop: loop)
        let loop = loop
        process = RuntimeProcess(launch, output: opened.writing) { event in
            loop.execute { bound.value.processDid(event, words[0]) }
        }
    }

    private func startSuppressed() {
        let began = ContinuousClock.now
        if let event = invocation?.event, event.deadline <= began {
            // It passed while the process before was ending; its timer has fired by now.
            return complete(
                EnvironmentFailure.timedOut(
                    event.requestID, timeoutSeconds: version.timeoutSeconds))
        }
        start(began, limit: nil) { [self] failure in
            let duration = ContinuousClock.now - began
            invocation?.suppressedInit = duration
            guard let invocation else { return }
            if let failure {
                reportInit(
                    failure, duration, phase: "invoke", requestID: invocation.event.requestID)
                complete(failure)
            } else {
                hand(invocation.event)
            }
        }
    }

    private func processDid(_ event: RuntimeProcess.Event, _ program: String) {
        switch event {
        case .started(let pid):
            memory = ProcessMemory(pid: pid)
            sample()
        case .notStarted(let code):
            hasEnded(
                EnvironmentFailure.notStarted(
                    requestID, "fork/exec \(program): \(String(cString: strerror(code)))"))
        case .ended(let status):
            let verdict = EnvironmentFailure.exited(requestID, status: status)
            guard killReason == nil, invocation?.parts != nil else { return hasEnded(verdict) }
            // What it streamed before its end is still in its sockets; the loop reads that first.
            hearOut(verdict, until: .now() + Self.lastWordsMaximum)
        }
    }

    private func hearOut(_ verdict: RuntimeResult, until end: NIODeadline) {
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(in: Self.lastWords) {
            let core = bound.value
            if core.session.isConnected, core.killReason == nil, .now() < end {
                core.hearOut(verdict, until: end)
            } else {
                core.hasEnded(verdict)
            }
        }
    }

    private func finishInit(_ failure: RuntimeResult?) {
        let done = initialisation
        initialisation = nil
        done?.limit?.cancel()
        if failure == nil { flushLines() }
        done?.finish(failure)
    }

    // MARK: Running

    private func hand(_ event: InvocationEvent) {
        phase = .running
        session.begin(event)
        sample()
    }

    /// The event that runs; empty during init.
    private var requestID: String { invocation?.event.requestID ?? "" }

    private func complete(_ result: RuntimeResult) {
        guard let done = invocation else { return }
        var result = result
        flushLines()
        sampling?.cancel()
        sampling = nil
        let peak = memory?.measure(withChildren: false)
        if phase == .ready, let peak, peak > limitBytes {
            // It grew and answered between two looks; where memory is a wall it would not have come so far.
            result = EnvironmentFailure.outOfMemory(requestID)
            end(.outOfMemory)
        }
        invocation = nil
        done.deadline?.cancel()
        done.parts?.finish()
        let answer = InvocationAnswer(
            status: result.status, payload: result.payload, errorType: result.errorType,
            duration: ContinuousClock.now - done.began, suppressedInit: done.suppressedInit,
            maxMemoryUsedMB: (peak ?? lastPeak).map { ($0 + (1 << 20) - 1) >> 20 },
            usage: done.usage)
        if done.isAnswered { done.event.afterwards?(answer) } else { done.finish(answer) }
    }

    private func answerAtOnce(_ invocation: ProcessInvocation) {
        let reason =
            authority.isEmpty
            ? problem : "the environment is stopped or busy"
        let result = EnvironmentFailure.notStarted(invocation.event.requestID, reason)
        invocation.parts?.finish()
        invocation.finish(
            InvocationAnswer(
                status: result.status, payload: result.payload, errorType: result.errorType,
                duration: ContinuousClock.now - invocation.began))
    }

    private func timeOut(_ requestID: String) {
        guard let invocation, invocation.event.requestID == requestID else { return }
        switch phase {
        case .starting, .ready, .running: end(.timeout)
        case .ending: killReason = killReason == .stopped ? .stopped : .timeout
        case .down, .stopped:
            complete(
                EnvironmentFailure.timedOut(requestID, timeoutSeconds: version.timeoutSeconds))
        }
    }

    // MARK: Ending

    private func end(_ reason: KillReason) {
        guard phase != .ending, phase != .down, phase != .stopped else { return }
        phase = .ending
        killReason = reason
        process?.kill()
    }

    private var lastPeak: Int?

    /// - Parameter result: what its end alone would say.
    private func hasEnded(_ result: RuntimeResult) {
        output?.drain()
        flushLines()
        output?.close()
        output = nil
        sampling?.cancel()
        sampling = nil
        lastPeak = memory?.peakBytes
        memory?.close()
        memory = nil
        process = nil
        session.restart()
        let reason = killReason
        let reported = initialisation?.error
        phase = reason == .stopped ? .stopped : .down
        let verdict =
            switch reason {
            case .timeout:
                EnvironmentFailure.timedOut(requestID, timeoutSeconds: version.timeoutSeconds)
            case .outOfMemory: EnvironmentFailure.outOfMemory(requestID)
            case .failedInit:
                reported
                    ?? EnvironmentFailure.timedOut("", timeoutSeconds: version.timeoutSeconds)
            // A runtime that is told that its answer is too large often ends by that.
            case nil where invocation?.result?.errorType == RuntimeResult.tooLarge.errorType:
                RuntimeResult.tooLarge
            case .stopped, nil: reported ?? result
            }
        if initialisation != nil {
            finishInit(verdict)
        } else if invocation != nil, afterEnd.isEmpty || reason == .stopped {
            complete(verdict)
        }
        lastPeak = nil
        let actions = afterEnd
        afterEnd = []
        for action in actions { action() }
    }

    // MARK: Memory

    private var limitBytes: Int { version.memoryMB << 20 }

    private func sample() {
        sampling?.cancel()
        sampling = after(Self.samplingInterval) { core in
            guard core.phase == .starting || core.phase == .running else { return }
            guard let peak = core.memory?.measure(withChildren: true) else { return }
            if peak > core.limitBytes {
                core.end(.outOfMemory)
            } else {
                core.sample()
            }
        }
    }

    /// Later, unless another process has begun by then.
    @discardableResult
    private func after(_ time: TimeAmount, _ action: @escaping @Sendable (ProcessCore) -> Void)
        -> Scheduled<Void>
    {
        let generation = generation
        let bound = NIOLoopBound(self, eventLoop: loop)
        return loop.scheduleTask(in: time) {
            let core = bound.value
            if core.generation == generation { action(core) }
        }
    }

    // MARK: Lines

    private func take(_ bytes: UnsafeRawBufferPointer) {
        lines.take(bytes) { log($0) }
    }

    /// All that was written before now becomes lines of the invocation that is still the current one.
    private func flushLines() {
        output?.drain()
        lines.finish { log($0) }
    }

    private func log(_ line: String) {
        if let usage = EmbeddedMetric.usage(in: line) { invocation?.usage.account(usage) }
        settings.log.append(
            line, function: version, stream: logStream, requestID: invocation?.event.requestID)
    }

    private func reportInit(
        _ failure: RuntimeResult, _ duration: Duration, phase: String, requestID: String?
    ) {
        let line = InitReport.line(
            failure, duration, phase: phase, version: version,
            isProvisioned: settings.isProvisioned)
        settings.log.append(line, function: version, stream: logStream, requestID: requestID)
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
