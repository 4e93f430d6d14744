#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What memory a runtime process and its children hold and have held, from /proc.
///
/// Source: <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>
struct ProcessMemory {
    private let pid: pid_t
    /// Kept open: one read each time instead of three calls. -1 where there is no /proc.
    private let status: Int32
    private(set) var peakBytes = 0

    init(pid: pid_t) {
        self.pid = pid
        status = open("/proc/\(pid)/status", O_RDONLY | O_CLOEXEC)
    }

    func close() {
        if status >= 0 { _ = Glibc.close(status) }
    }

    /// The most that the leader has ever held, and what it holds with its children now.
    ///
    /// - Parameter withChildren: reads one more file and two for each child.
    /// - Returns: bytes, the peak so far; never sinks.
    mutating func measure(withChildren: Bool) -> Int {
        guard status >= 0 else { return peakBytes }
        let leader = Self.fields(of: status)
        var sum = leader.now
        if withChildren {
            var seen = 0
            for child in Self.children(of: pid, depth: 4, seen: &seen) {
                let file = open("/proc/\(child)/status", O_RDONLY | O_CLOEXEC)
                guard file >= 0 else { continue }
                sum += Self.fields(of: file).now
                _ = Glibc.close(file)
            }
        }
        peakBytes = max(peakBytes, leader.peak, sum)
        return peakBytes
    }

    /// The most that the leader has held, in bytes: one read.
    func leaderPeak() -> Int { status < 0 ? 0 : Self.fields(of: status).peak }

    private static func fields(of file: Int32) -> (now: Int, peak: Int) {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { block in
            let count = pread(file, block.baseAddress, block.count - 1, 0)
            guard count > 0, let start = block.baseAddress else { return (0, 0) }
            block[count] = 0
            let text = start.assumingMemoryBound(to: CChar.self)
            return (value("VmRSS:", in: text), value("VmHWM:", in: text))
        }
    }

    /// Bytes; the file has kB.
    private static func value(_ name: String, in text: UnsafePointer<CChar>) -> Int {
        guard let found = strstr(text, name) else { return 0 }
        return strtol(found + name.utf8.count, nil, 10) << 10
    }

    private static let childrenMaximum = 256

    private static func children(of pid: pid_t, depth: Int, seen: inout Int) -> [pid_t] {
        guard depth > 0 else { return [] }
        let file = open("/proc/\(pid)/task/\(pid)/children", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { _ = Glibc.close(file) }
        var block = [UInt8](repeating: 0, count: 4096)
        let count = read(file, &block, block.count)
        guard count > 0 else { return [] }
        var found: [pid_t] = []
        for word in block[..<count].split(separator: UInt8(ascii: " ")) {
            guard seen < childrenMaximum, let child = pid_t(String(decoding: word, as: UTF8.self))
            else { continue }
            seen += 1
            found.append(child)
            found += children(of: child, depth: depth - 1, seen: &seen)
        }
        return found
    }
}
