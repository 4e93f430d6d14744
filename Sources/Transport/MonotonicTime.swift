#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Nanoseconds of the monotonic clock: an engine reads it once a round, and compares integers.
typealias Nanoseconds = Int64

enum MonotonicTime {
    static func now() -> Nanoseconds { read(CLOCK_MONOTONIC) }

    /// Of a processor, by this thread. Unlike the other this is a system call.
    static func used() -> Nanoseconds { read(CLOCK_THREAD_CPUTIME_ID) }

    private static func read(_ clock: clockid_t) -> Nanoseconds {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

extension Duration {
    /// Rounded down; durations of more than about 292 years are cut to that.
    var nanoseconds: Nanoseconds {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        return whole.saturatingAdd(attoseconds / 1_000_000_000)
    }
}
