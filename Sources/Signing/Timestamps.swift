#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The three clocks of S3's wire: Unix seconds to and from text.
public enum Timestamps {
    static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// "20130524T000000Z"
    public static func amzDate(_ unixSeconds: Int64) -> String {
        String(unsafeUninitializedCapacity: 16) { text in
            writeAmzDate(CivilDate(unixSeconds: unixSeconds), to: text)
            return 16
        }
    }

    public static func parseAmzDate(_ text: some StringProtocol) -> Int64? {
        var reader = TimestampReader(text)
        guard let year = reader.digits(4), let month = reader.digits(2), let day = reader.digits(2),
            reader.take("T"), let hour = reader.digits(2), let minute = reader.digits(2),
            let second = reader.digits(2), reader.take("Z"), reader.isAtEnd
        else { return nil }
        return CivilDate(
            year: year, month: month, day: day, hour: hour, minute: minute, second: second)?
            .unixSeconds
    }

    /// RFC 9110 IMF-fixdate: "Mon, 12 Oct 2009 17:50:00 GMT"
    public static func httpDate(_ unixSeconds: Int64) -> String {
        let date = CivilDate(unixSeconds: unixSeconds)
        return String(unsafeUninitializedCapacity: 29) { text in
            write(weekdays[date.weekday], to: text, at: 0)
            write(", ", to: text, at: 3)
            write(date.day, 2, to: text, at: 5)
            write(" ", to: text, at: 7)
            write(months[Int(date.month) - 1], to: text, at: 8)
            write(" ", to: text, at: 11)
            write(date.year, 4, to: text, at: 12)
            write(" ", to: text, at: 16)
            writeClock(date, to: text, at: 17)
            write(" GMT", to: text, at: 25)
            return 29
        }
    }

    /// Any of the three forms of RFC 9110 5.6.7; the weekday must be a weekday, but not the right one.
    public static func parseHTTPDate(_ text: some StringProtocol) -> Int64? {
        TimestampReader(text).httpDate()?.unixSeconds
    }

    /// ISO 8601 with milliseconds, UTC: "2009-10-12T17:50:30.000Z".
    public static func iso8601(milliseconds: Int64) -> String {
        let (seconds, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        let fraction = rest < 0 ? rest + 1000 : rest
        let date = CivilDate(unixSeconds: rest < 0 ? seconds - 1 : seconds)
        return String(unsafeUninitializedCapacity: 24) { text in
            write(date.year, 4, to: text, at: 0)
            write("-", to: text, at: 4)
            write(date.month, 2, to: text, at: 5)
            write("-", to: text, at: 7)
            write(date.day, 2, to: text, at: 8)
            write("T", to: text, at: 10)
            writeClock(date, to: text, at: 11)
            write(".", to: text, at: 19)
            write(fraction, 3, to: text, at: 20)
            write("Z", to: text, at: 23)
            return 24
        }
    }

    /// Takes any number of fraction digits, or none, and `Z` or an offset such as `+02:00`.
    public static func parseISO8601Milliseconds(_ text: some StringProtocol) -> Int64? {
        var reader = TimestampReader(text)
        guard let year = reader.digits(4), reader.take("-"), let month = reader.digits(2),
            reader.take("-"), let day = reader.digits(2), reader.take("T"),
            let hour = reader.digits(2), reader.take(":"), let minute = reader.digits(2),
            reader.take(":"), let second = reader.digits(2),
            let fraction = reader.fractionMilliseconds(), let offset = reader.offsetSeconds(),
            reader.isAtEnd,
            let date = CivilDate(
                year: year, month: month, day: day, hour: hour, minute: minute, second: second)
        else { return nil }
        return (date.unixSeconds - offset) * 1000 + fraction
    }

    /// Now, Unix milliseconds.
    public static func nowMilliseconds() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }

    /// "20130524T000000Z": 16 bytes.
    static func writeAmzDate(_ date: CivilDate, to text: UnsafeMutableBufferPointer<UInt8>) {
        write(date.year, 4, to: text, at: 0)
        write(date.month, 2, to: text, at: 4)
        write(date.day, 2, to: text, at: 6)
        write("T", to: text, at: 8)
        write(date.hour, 2, to: text, at: 9)
        write(date.minute, 2, to: text, at: 11)
        write(date.second, 2, to: text, at: 13)
        write("Z", to: text, at: 15)
    }

    private static func writeClock(
        _ date: CivilDate, to text: UnsafeMutableBufferPointer<UInt8>, at index: Int
    ) {
        write(date.hour, 2, to: text, at: index)
        write(":", to: text, at: index + 2)
        write(date.minute, 2, to: text, at: index + 3)
        write(":", to: text, at: index + 5)
        write(date.second, 2, to: text, at: index + 6)
    }

    private static func write(
        _ number: Int64, _ width: Int, to text: UnsafeMutableBufferPointer<UInt8>, at index: Int
    ) {
        var number = number
        for position in (index..<(index + width)).reversed() {
            text[position] = UInt8(number % 10) + 0x30
            number /= 10
        }
    }

    private static func write(
        _ literal: String, to text: UnsafeMutableBufferPointer<UInt8>, at index: Int
    ) {
        for (offset, byte) in literal.utf8.enumerated() { text[index + offset] = byte }
    }
}
