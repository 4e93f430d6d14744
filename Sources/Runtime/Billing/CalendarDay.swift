/// Days of Unix time, UTC, and the months that they are in.
///
/// Source: <https://howardhinnant.github.io/date_algorithms.html>
public enum CalendarDay {
    public static func civil(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let index = (5 * dayOfYear + 2) / 153
        let month = index < 10 ? index + 3 : index - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month,
            dayOfYear - (153 * index + 2) / 5 + 1
        )
    }

    public static func number(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }

    public static func firstOfMonth(_ day: Int64) -> Int64 {
        let date = civil(day)
        return number(year: date.year, month: date.month, day: 1)
    }

    public static func firstOfNextMonth(_ day: Int64) -> Int64 {
        let date = civil(day)
        return date.month == 12
            ? number(year: date.year + 1, month: 1, day: 1)
            : number(year: date.year, month: date.month + 1, day: 1)
    }

    /// The day of a moment in Unix microseconds.
    public static func day(ofMicroseconds time: Int64) -> Int64 {
        let (days, rest) = time.quotientAndRemainder(dividingBy: 86_400_000_000)
        return rest < 0 ? days - 1 : days
    }

    /// "2026-11-25".
    public static func text(_ day: Int64) -> String {
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let date = civil(day)
        return "\(date.year)-\(two(date.month))-\(two(date.day))"
    }

    /// Of "2026-11-25", or nil; so too for a day that its month does not have.
    public static func parse(_ text: String) -> Int64? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2] else { return nil }
        let numbers = parts.compactMap { Int64($0) }
        guard numbers.count == 3, (1...12).contains(numbers[1]), (1...31).contains(numbers[2])
        else { return nil }
        let day = number(year: numbers[0], month: numbers[1], day: numbers[2])
        return self.text(day) == text ? day : nil
    }
}
