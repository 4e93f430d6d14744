/// Six fields as EventBridge has them. Sunday is 1.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html>
extension CronPattern {
    private static let form =
        "cron(minutes hours day-of-month month day-of-week year), as in cron(0 10 * * ? *)"

    private static let minuteField = CronField(
        name: "minutes", range: 0...59, allowed: "0-59, * , - /", stepsFromOne: true, wraps: true)
    private static let hourField = CronField(
        name: "hours", range: 0...23, allowed: "0-23, * , - /", stepsFromOne: true, wraps: true)
    private static let monthDayField = CronField(
        name: "day-of-month", range: 1...31,
        allowed: "1-31, * , - / ? L W, and ? in exactly one of day-of-month and day-of-week",
        stepsFromOne: true, wraps: true)
    private static let monthField = CronField(
        name: "month", range: 1...12, names: CronField.monthNames, firstName: 1,
        allowed: "1-12 or JAN-DEC, * , - /", stepsFromOne: true, wraps: true)
    private static let weekdayField = CronField(
        name: "day-of-week", range: 1...7, names: CronField.weekdayNames, firstName: 1,
        allowed:
            "1-7 (1 is Sunday) or SUN-SAT, * , - ? L #, and ? in exactly one of day-of-month and day-of-week",
        takesSteps: false, wraps: true)
    private static let yearField = CronField(
        name: "year", range: 1970...2199, allowed: "1970-2199, * , - /", stepsFromOne: true)

    init(eventBridge arguments: Substring, of text: String) throws(ScheduleError) {
        let fields = arguments.split(whereSeparator: \.isCronBlank)
        guard fields.count == 6 else {
            throw ScheduleError(
                .unknownForm, text: text, problem: "\(fields.count) fields", allowed: Self.form)
        }
        guard (fields[2] == "?") != (fields[4] == "?") else {
            throw Self.monthDayField.failure(
                fields[2] == "?" ? "? in both fields of days" : "a value in both fields of days",
                in: text)
        }
        let days =
            fields[2] == "?"
            ? try Self.weekdays(fields[4], in: text) : try Self.monthDays(fields[2], in: text)
        self.init(
            minutes: .bits(try Self.minuteField.values(of: fields[0], in: text)),
            hours: .bits(try Self.hourField.values(of: fields[1], in: text)), days: days,
            months: .bits(try Self.monthField.values(of: fields[3], in: text)),
            years: fields[5] == "*"
                ? nil : Set(try Self.yearField.values(of: fields[5], in: text)))
    }

    /// `L` is the last day of the month, `15W` the weekday nearest to the 15th.
    private static func monthDays(_ field: Substring, in text: String) throws(ScheduleError)
        -> CronDays
    {
        var days = CronDays(rule: .monthDays)
        for item in try monthDayField.items(of: field, in: text) {
            if item.uppercased() == "L" {
                days.hasLastDay = true
            } else if item.uppercased().hasSuffix("W") {
                days.nearestWeekdays |= .bits([try monthDayField.value(item.dropLast(), in: text)])
            } else {
                days.monthDays |= .bits(try monthDayField.values(ofItem: item, in: text))
            }
        }
        return days
    }

    /// `L` is Saturday, `6L` the last Friday of the month, `6#3` its third.
    private static func weekdays(_ field: Substring, in text: String) throws(ScheduleError)
        -> CronDays
    {
        var days = CronDays(rule: .weekdays)
        let items = try weekdayField.items(of: field, in: text)
        for item in items {
            let parts = item.split(separator: "#", omittingEmptySubsequences: false)
            if item.uppercased() == "L" {
                days.weekdays |= .bits([6])
            } else if item.uppercased().hasSuffix("L") {
                days.lastWeekdays |= .bits([try weekdayField.value(item.dropLast(), in: text) - 1])
            } else if parts.count > 1 {
                guard items.count == 1 else {
                    throw weekdayField.failure("\(item) stands in a list: # goes alone", in: text)
                }
                let weekday = try weekdayField.value(parts[0], in: text)
                guard parts.count == 2, let number = CronField.number(parts[1]),
                    (1...5).contains(number)
                else {
                    throw weekdayField.failure("\(item) is none of the first to fifth", in: text)
                }
                days.numberedWeekdays[number - 1] |= .bits([weekday - 1])
            } else {
                days.weekdays |= .bits(
                    try weekdayField.values(ofItem: item, in: text).map { $0 - 1 })
            }
        }
        return days
    }
}
