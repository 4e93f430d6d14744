#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Functions' processes that outlived a runtime that was killed: nobody enforces their limits any more, and their events run
/// again. Known by their environment variables, which tell whose they are and which their children have too.
enum LeftProcesses {
    /// Of one process, in bytes: what a function may be given and what is added to it are much less.
    private static let variablesMaximum = 256 << 10
    private static let attempts = 100
    private static let pauseMicroseconds: UInt32 = 10_000

    /// Kills those of a state folder, and returns when they are gone (after a second at most). Blocks.
    ///
    /// - Parameters:
    ///   - folder: as its runtimes know it: an absolute path.
    ///   - lock: only the process that holds it knows that they are nobody's.
    /// - Returns: how many there were.
    @discardableResult
    static func end(in folder: String, holding lock: DrainLock) -> Int {
        let marks = ["TMPDIR=\(folder)/tmp/", "LAMBDA_TASK_ROOT=\(folder)/packages/"].map {
            Array($0.utf8)
        }
        var ended: Set<pid_t> = []
        for _ in 0..<attempts {
            let found = processes(marks)
            if found.isEmpty { break }
            for pid in found { kill(pid, SIGKILL) }
            ended.formUnion(found)
            usleep(pauseMicroseconds)
        }
        return ended.count
    }

    private static func processes(_ marks: [[UInt8]]) -> [pid_t] {
        DurableFolder.names("/proc").compactMap { pid_t($0) }.filter { pid in
            guard pid != getpid() else { return false }
            return variables(of: pid).split(separator: 0).contains { variable in
                marks.contains { variable.starts(with: $0) }
            }
        }
    }

    /// As they were when it began; nothing for a process of somebody else, and for one that has ended.
    private static func variables(of pid: pid_t) -> [UInt8] {
        let file = open("/proc/\(pid)/environ", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        return [UInt8](unsafeUninitializedCapacity: variablesMaximum) { buffer, count in
            while count < buffer.count {
                let part = read(file, buffer.baseAddress! + count, buffer.count - count)
                if part <= 0 { break }
                count += part
            }
        }
    }
}
