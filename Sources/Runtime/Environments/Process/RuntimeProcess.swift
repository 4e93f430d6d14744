import Transport

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How a runtime process is started.
struct RuntimeLaunch: Sendable {
    /// The program's path and its arguments.
    var words: [String]
    var variables: [String: String]
    var directory: String
}

/// A runtime process, the leader of a process group of its own; it gets no file of ours but the pipe for its output.
///
/// A thread starts it and then waits for its end, so that neither blocks an event loop or a task, and it is always reaped.
final class RuntimeProcess: Sendable {
    enum Event: Sendable {
        case started(pid_t)
        /// `errno`: there is no process.
        case notStarted(Int32)
        /// As `waitpid` gives it; the whole group is killed by then.
        case ended(status: Int32)
    }

    private struct State {
        var pid: pid_t = 0
        /// Its number may be someone else's from then on.
        var isReaped = false
        var isToBeKilled = false
    }

    private final class Start {
        let process: RuntimeProcess
        let launch: RuntimeLaunch
        let output: Int32
        let report: @Sendable (Event) -> Void

        init(
            _ process: RuntimeProcess, _ launch: RuntimeLaunch, _ output: Int32,
            _ report: @escaping @Sendable (Event) -> Void
        ) {
            self.process = process
            self.launch = launch
            self.output = output
            self.report = report
        }
    }

    private static let stackBytes = 256 << 10
    private let state = Locked(State())

    /// - Parameters:
    ///   - output: the writing end for its standard output and error; closed here once it is the process's.
    ///   - report: called on the thread, in the order of the events.
    init(_ launch: RuntimeLaunch, output: Int32, report: @escaping @Sendable (Event) -> Void) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, Self.stackBytes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let start = Unmanaged.passRetained(Start(self, launch, output, report))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, &attributes,
            { context in
                let start = Unmanaged<Start>.fromOpaque(context!).takeRetainedValue()
                // Signals are the main thread's.
                var all = sigset_t()
                sigfillset(&all)
                pthread_sigmask(SIG_BLOCK, &all, nil)
                start.process.run(start.launch, start.output, start.report)
                return nil
            }, start.toOpaque())
        if code != 0 {
            start.release()
            close(output)
            report(.notStarted(code))
        }
    }

    /// SIGKILL to the whole group, now or as soon as there is one.
    func kill() {
        state.withLock { state in
            state.isToBeKilled = true
            if state.pid > 0, !state.isReaped { _ = killpg(state.pid, SIGKILL) }
        }
    }

    private func run(
        _ launch: RuntimeLaunch, _ output: Int32, _ report: @Sendable (Event) -> Void
    ) {
        var pid = pid_t()
        let code = Self.spawn(launch, output, &pid)
        close(output)
        guard code == 0 else { return report(.notStarted(code)) }
        let child = pid
        state.withLock { state in
            state.pid = child
            if state.isToBeKilled { _ = killpg(child, SIGKILL) }
        }
        report(.started(child))
        var info = siginfo_t()
        while waitid(P_PID, id_t(child), &info, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        // While the leader is not reaped its number is the group's; what it left behind ends with it.
        let status = state.withLock { state in
            _ = killpg(child, SIGKILL)
            var status: Int32 = 0
            while waitpid(child, &status, 0) < 0, errno == EINTR {}
            state.isReaped = true
            return status
        }
        report(.ended(status: status))
    }

    private static func spawn(_ launch: RuntimeLaunch, _ output: Int32, _ child: inout pid_t)
        -> Int32
    {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        guard let closeFrom = SpawnExtensions.closeFrom,
            let changeDirectory = SpawnExtensions.changeDirectory
        else { return ENOSYS }
        _ = closeFrom(&actions, 3)
        _ = changeDirectory(&actions, launch.directory)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
        var arguments = launch.words.map { strdup($0) } + [nil]
        var variables = launch.variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in arguments + variables { free(pointer) } }
        return posix_spawn(
            &child, launch.words[0], &actions, &attributes, &arguments, &variables)
    }
}

/// What glibc 2.34 adds to posix_spawn and Swift's view of it leaves out (`_GNU_SOURCE`): looked up by name.
///
/// Source: <https://sourceware.org/glibc/manual/latest/html_node/Process-Creation-Concepts.html>
private enum SpawnExtensions {
    typealias CloseFrom =
        @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
    typealias ChangeDirectory =
        @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, UnsafePointer<CChar>) ->
        Int32

    static let closeFrom: CloseFrom? = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np")
        .map { unsafeBitCast($0, to: CloseFrom.self) }
    static let changeDirectory: ChangeDirectory? = dlsym(
        nil, "posix_spawn_file_actions_addchdir_np"
    ).map { unsafeBitCast($0, to: ChangeDirectory.self) }
}
