/// Five fields as crontab(5) has them.
///
/// Two places where cron itself is silent are errors here, because nobody means them: a step that is longer than its field
/// (`*/90` of minutes runs once an hour), and a day that no month has.
///
/// Source: <https://manpages.debian.org/bookworm/cron/crontab.5.en.html>
extension CronPattern {
    private static let names = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *",
        "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *",
        "@annually": "0 0 1 1 *",
    ]
    private static let forms =
        "rate(5 minutes), cron(0 10 * * ? *), five fields as in 30 4 * * mon-fri, @hourly, @daily, @weekly, @monthly, @yearly"

    private static let minuteField = CronField(
        name: "minute", range: 0...59, allowed: "0-59, * , - /")
    private static let hourField = CronField(
        name: "hour", range: 0...23, allowed: "0-23, * , - /")
    private static let monthDayField = CronField(
        name: "day of month", range: 1...31, allowed: "1-31, * , - /")
    private static let monthField = CronField(
        name: "month", range: 1...12, names: CronField.monthNames, firstName: 1,
        allowed: "1-12 or JAN-DEC, * , - /")
    /// 0 and 7 are Sunday.
    private static let weekdayField = CronField(
        name: "day of week", range: 0...7, names: CronField.weekdayNames,
        allowed: "0-7 (0 and 7 are Sunday) or SUN-SAT, * , - /")

    init(crontab text: String) throws(ScheduleError) {
        let named = text.hasPrefix("@") ? Self.names[text.lowercased()] : text
        let fields = (named ?? "").split(whereSeparator: \.isCronBlank)
        guard fields.count == 5 else {
            let problem =
                named == nil
                ? "no schedule has this name" : "\(fields.count) fields, or no form that is known"
            throw ScheduleError(.unknownForm, text: text, problem: problem, allowed: Self.forms)
        }
        var days = CronDays(rule: .both)
        days.monthDays = .bits(try Self.monthDayField.values(of: fields[2], in: text))
        days.weekdays = .bits(try Self.weekdays(fields[4], in: text))
        // As cron itself decides it: by the first character. `*/2` restricts nothing in this sense, and both must match.
        if !fields[2].hasPrefix("*"), !fields[4].hasPrefix("*") { days.rule = .either }
        self.init(
            minutes: .bits(try Self.minuteField.values(of: fields[0], in: text)),
            hours: .bits(try Self.hourField.values(of: fields[1], in: text)), days: days,
            months: .bits(try Self.monthField.values(of: fields[3], in: text)), years: nil)
    }

    /// Of `*` the steps count from 0 to 6; a written 7 is Sunday once more.
    private static func weekdays(_ field: Substring, in text: String) throws(ScheduleError) -> [Int]
    {
        var values: [Int] = []
        for item in try weekdayField.items(of: field, in: text) {
            let days = try weekdayField.values(ofItem: item, in: text)
            values += item.hasPrefix("*") ? days.filter { $0 < 7 } : days.map { $0 % 7 }
        }
        return values
    }
}

extension FixedWidthInteger {
    /// Numbers from 0 to the width, as bits.
    static func bits(_ numbers: [Int]) -> Self {
        numbers.reduce(0) { $0 | 1 << Self($1) }
    }
}
