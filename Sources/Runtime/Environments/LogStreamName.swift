#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// "2026/11/23/[$LATEST]" and 32 hexadecimal digits: one an environment.
public enum LogStreamName {
    /// - Parameter unixSeconds: when the environment began.
    public static func make(version: String, unixSeconds: Int) -> String {
        var seconds = time_t(unixSeconds)
        var day = tm()
        gmtime_r(&seconds, &day)
        var random = SystemRandomNumberGenerator()
        let digits = (hex(random.next()) + hex(random.next()))
        return
            "\(day.tm_year + 1900)/\(two(day.tm_mon + 1))/\(two(day.tm_mday))/[\(version)]\(digits)"
    }

    private static func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static func hex(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
