/// Reads the pieces of a timestamp from left to right.
struct TimestampReader {
    private let text: [UInt8]
    private var index = 0

    init(_ text: some StringProtocol) { self.text = Array(text.utf8) }

    var isAtEnd: Bool { index == text.count }

    mutating func digits(_ count: Int) -> Int64? {
        guard index + count <= text.count else { return nil }
        var number: Int64 = 0
        for byte in text[index..<(index + count)] {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            number = number * 10 + Int64(byte - 0x30)
        }
        index += count
        return number
    }

    mutating func take(_ literal: String) -> Bool {
        guard text[index...].starts(with: literal.utf8) else { return false }
        index += literal.utf8.count
        return true
    }

    /// ".5", ".123456789" or nothing; digits past the third are cut off.
    mutating func fractionMilliseconds() -> Int64? {
        guard take(".") else { return 0 }
        var milliseconds: Int64 = 0
        var count = 0
        while index < text.count, text[index] >= 0x30, text[index] <= 0x39 {
            if count < 3 { milliseconds = milliseconds * 10 + Int64(text[index] - 0x30) }
            count += 1
            index += 1
        }
        guard count > 0 else { return nil }
        for _ in count..<max(count, 3) { milliseconds *= 10 }
        return milliseconds
    }

    /// "Z", "+02:00" or "-0530".
    mutating func offsetSeconds() -> Int64? {
        if take("Z") { return 0 }
        let sign: Int64
        if take("+") {
            sign = 1
        } else if take("-") {
            sign = -1
        } else {
            return nil
        }
        guard let hours = digits(2), hours <= 23 else { return nil }
        _ = take(":")
        guard let minutes = digits(2), minutes <= 59 else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }

    /// IMF-fixdate, RFC 850 or asctime. <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7>
    consuming func httpDate() -> CivilDate? {
        guard let weekday = Timestamps.weekdays.first(where: { take($0) }) else { return nil }
        if take(", ") {
            guard let day = digits(2), take(" "), let month = month(), take(" "),
                let year = digits(4), take(" "), let date = clock(year, month, day), take(" GMT"),
                isAtEnd
            else { return nil }
            return date
        }
        if take(" ") {
            guard let month = month(), take(" "), let day = take(" ") ? digits(1) : digits(2),
                take(" "), let (hour, minute, second) = time(), take(" "), let year = digits(4),
                isAtEnd
            else { return nil }
            return CivilDate(
                year: year, month: month, day: day, hour: hour, minute: minute, second: second)
        }
        let rest = [
            "Sun": "day", "Mon": "day", "Tue": "sday", "Wed": "nesday", "Thu": "rsday",
            "Fri": "day", "Sat": "urday",
        ]
        guard take(rest[weekday]!), take(", "), let day = digits(2), take("-"),
            let month = month(), take("-"), let short = digits(2), take(" "),
            // RFC 850 has two digits of the year; nobody sends dates before 1970.
            let date = clock(short < 70 ? 2000 + short : 1900 + short, month, day), take(" GMT"),
            isAtEnd
        else { return nil }
        return date
    }

    private mutating func month() -> Int64? {
        guard let found = Timestamps.months.firstIndex(where: { take($0) }) else { return nil }
        return Int64(found) + 1
    }

    private mutating func time() -> (Int64, Int64, Int64)? {
        guard let hour = digits(2), take(":"), let minute = digits(2), take(":"),
            let second = digits(2)
        else { return nil }
        return (hour, minute, second)
    }

    private mutating func clock(_ year: Int64, _ month: Int64, _ day: Int64) -> CivilDate? {
        guard let (hour, minute, second) = time() else { return nil }
        return CivilDate(
            year: year, month: month, day: day, hour: hour, minute: minute, second: second)
    }
}
