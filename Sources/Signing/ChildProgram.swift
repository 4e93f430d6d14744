#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A program to run for what it prints. No shell; its standard input is empty, its standard error is ours, so that what
/// it has to say reaches the user without passing through our messages; it gets no other file of ours.
struct ChildProgram: Sendable {
    static let outputBytesMaximum = 64 << 10

    let words: [String]
    let environment: [String: String]
    let timeLimit: Duration

    /// Blocks until the program has ended, and kills it at the time limit.
    func run() -> Result<[UInt8], ChildFailure> {
        let deadline = ContinuousClock.now + timeLimit
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return .failure(.notStarted(errno)) }
        let (reading, writing) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(reading) }
        let started = start(writing)
        close(writing)
        let child: pid_t
        switch started {
        case .success(let pid): child = pid
        case .failure(let failure): return .failure(failure)
        }
        let output = read(reading, until: deadline)
        if case .failure = output { kill(child, SIGKILL) }
        guard let status = wait(child, until: deadline) else {
            return .failure(.tooSlow(timeLimit))
        }
        return output.flatMap { bytes in
            // As WIFEXITED and WEXITSTATUS have it.
            if status & 0x7F != 0 { return .failure(.killed(signal: status & 0x7F)) }
            let code = status >> 8 & 0xFF
            return code == 0 ? .success(bytes) : .failure(.exited(code))
        }
    }

    private func start(_ output: Int32) -> Result<pid_t, ChildFailure> {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        for descriptor in Self.openDescriptors() where descriptor > 2 {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // This thread may block signals, and the process may ignore some: the program starts afresh.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var arguments = words.map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in arguments + variables { free(pointer) } }
        var child = pid_t()
        let code = posix_spawnp(
            &child, words[0], &actions, &attributes, &arguments, &variables)
        return code == 0 ? .success(child) : .failure(.notStarted(code))
    }

    /// What of ours is open now. One that is closed meanwhile does no harm; where there is no such folder, what
    /// is marked close-on-exec stays ours all the same.
    private static func openDescriptors() -> [Int32] {
        guard let folder = opendir("/proc/self/fd") else { return [] }
        defer { closedir(folder) }
        var found: [Int32] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
            }
            if let descriptor = Int32(name) { found.append(descriptor) }
        }
        return found
    }

    private func read(
        _ descriptor: Int32, until deadline: ContinuousClock.Instant
    ) -> Result<[UInt8], ChildFailure> {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 4096)
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { return .failure(.tooSlow(timeLimit)) }
            let (seconds, attoseconds) = left.components
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1
            guard poll(&waiting, 1, Int32(clamping: milliseconds)) > 0 else { continue }
            #if canImport(Glibc)
                let count = Glibc.read(descriptor, &block, block.count)
            #else
                let count = Darwin.read(descriptor, &block, block.count)
            #endif
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return .success(bytes) }
            bytes += block[..<count]
            guard bytes.count <= Self.outputBytesMaximum else { return .failure(.tooMuch) }
        }
    }

    /// - Returns: nil when it had to be killed for its time; it is always waited for.
    private func wait(_ child: pid_t, until deadline: ContinuousClock.Instant) -> Int32? {
        var status: Int32 = 0
        while ContinuousClock.now < deadline {
            let ended = waitpid(child, &status, WNOHANG)
            if ended == child { return status }
            // Between the end of its output and its own end a program has little left to do.
            poll(nil, 0, 5)
        }
        kill(child, SIGKILL)
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        return nil
    }
}

/// Why a program gave nothing.
enum ChildFailure: Error, Equatable {
    /// `errno`.
    case notStarted(Int32)
    case exited(Int32)
    case killed(signal: Int32)
    case tooSlow(Duration)
    case tooMuch

    /// Another attempt would fail the same way.
    var isLasting: Bool {
        switch self {
        case .notStarted, .tooMuch: true
        case .exited, .killed, .tooSlow: false
        }
    }

    var words: String {
        switch self {
        case .notStarted(let code):
            "the program could not be started: \(String(cString: strerror(code)))"
        case .exited(let status):
            "the program ended with status \(status); its own message stands above"
        case .killed(let signal): "the program was ended by signal \(signal)"
        case .tooSlow(let limit):
            "the program did not end within \(limit.components.seconds) seconds"
        case .tooMuch:
            "the program wrote more than \(ChildProgram.outputBytesMaximum) bytes"
        }
    }
}
