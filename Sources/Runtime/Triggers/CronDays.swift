/// Which days of a month a pattern asks for. Bit n of a set of days is day n; bit 0 of a set of weekdays is Sunday.
struct CronDays: Equatable {
    enum Rule { case monthDays, weekdays, both, either }

    var rule: Rule
    var monthDays: UInt32 = 0
    /// `L`
    var hasLastDay = false
    /// `15W`: the weekday from Monday to Friday that is nearest to the day, in the same month.
    var nearestWeekdays: UInt32 = 0
    var weekdays: UInt8 = 0
    /// `6L`: the last such day of the month.
    var lastWeekdays: UInt8 = 0
    /// `3#2`: the second such day, at index 1.
    var numberedWeekdays: [UInt8] = [0, 0, 0, 0, 0]

    static let everyMonthDay: UInt32 = 0xFFFF_FFFE
    static let everyWeekday: UInt8 = 0x7F

    /// The days of one month, as bits 1 to 31.
    func matching(year: Int64, month: Int64) -> UInt32 {
        let first = CalendarDay.number(year: year, month: month, day: 1)
        let length = Int(CalendarDay.firstOfNextMonth(first) - first)
        let existing = UInt32(truncatingIfNeeded: (UInt64(1) << UInt64(length + 1)) - 2)
        // Day 0 of Unix time was a Thursday.
        let firstWeekday = Int(((first + 4) % 7 + 7) % 7)
        return existing
            & {
                switch rule {
                case .monthDays: byMonthDay(length: length, firstWeekday: firstWeekday)
                case .weekdays: byWeekday(length: length, firstWeekday: firstWeekday)
                case .both:
                    byMonthDay(length: length, firstWeekday: firstWeekday)
                        & byWeekday(length: length, firstWeekday: firstWeekday)
                case .either:
                    byMonthDay(length: length, firstWeekday: firstWeekday)
                        | byWeekday(length: length, firstWeekday: firstWeekday)
                }
            }()
    }

    private func byMonthDay(length: Int, firstWeekday: Int) -> UInt32 {
        var days = monthDays
        if hasLastDay { days |= 1 << UInt32(length) }
        guard nearestWeekdays != 0 else { return days }
        for day in 1...length where nearestWeekdays & 1 << UInt32(day) != 0 {
            let nearest =
                switch (firstWeekday + day - 1) % 7 {
                case 6: day == 1 ? 3 : day - 1
                case 0: day == length ? day - 2 : day + 1
                default: day
                }
            days |= 1 << UInt32(nearest)
        }
        return days
    }

    private func byWeekday(length: Int, firstWeekday: Int) -> UInt32 {
        var days: UInt32 = 0
        for day in 1...length {
            let bit = UInt8(1) << UInt8((firstWeekday + day - 1) % 7)
            var matching = weekdays | numberedWeekdays[(day - 1) / 7]
            if day > length - 7 { matching |= lastWeekdays }
            if matching & bit != 0 { days |= 1 << UInt32(day) }
        }
        return days
    }
}
