extension Schedule {
    private static let units: [(one: String, many: String, minutes: Int64)] = [
        ("minute", "minutes", 1), ("hour", "hours", 60), ("day", "days", 24 * 60),
    ]
    /// A hundred years: EventBridge names no limit, and a number has one.
    private static let longestMinutes: Int64 = 36_525 * 24 * 60
    private static let forms = "rate(1 minute), rate(5 minutes), rate(1 hour), rate(7 days)"

    /// The period in milliseconds of "5 minutes".
    static func period(_ arguments: Substring, of text: String) throws(ScheduleError) -> Int64 {
        let words = arguments.split(whereSeparator: \.isCronBlank)
        guard words.count == 2 else {
            throw ScheduleError(
                .unknownForm, text: text, problem: "a rate is a number and a unit", allowed: forms)
        }
        guard words[0].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let count = Int64(words[0]), count > 0
        else {
            throw ScheduleError(
                .invalidField, text: text, field: "value",
                problem: "\(words[0]) is no positive whole number", allowed: "1 and more")
        }
        guard let unit = units.first(where: { words[1] == (count == 1 ? $0.one : $0.many) }) else {
            let names = units.map { count == 1 ? $0.one : $0.many }.joined(separator: ", ")
            throw ScheduleError(
                .invalidField, text: text, field: "unit",
                problem: "\(words[1]) does not go with \(count)", allowed: names)
        }
        guard count <= longestMinutes / unit.minutes else {
            throw ScheduleError(
                .invalidField, text: text, field: "value", problem: "more than a hundred years",
                allowed: "1 to \(longestMinutes / unit.minutes) \(unit.many)")
        }
        return count * unit.minutes * 60_000
    }

    static func next(after milliseconds: Int64, anchor: Int64, period: Int64) -> Int64? {
        let (elapsed, isTooFar) = milliseconds.subtractingReportingOverflow(anchor)
        guard !isTooFar else { return milliseconds < anchor ? sum(anchor, period) : nil }
        guard elapsed >= 0 else { return sum(anchor, period) }
        return sum(milliseconds - elapsed % period, period)
    }

    private static func sum(_ moment: Int64, _ period: Int64) -> Int64? {
        let (sum, overflows) = moment.addingReportingOverflow(period)
        return overflows ? nil : sum
    }
}
