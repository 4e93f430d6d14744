/// Which minutes of the calendar a cron pattern asks for. Sets of numbers are bits: bit 5 is 5.
struct CronPattern: Equatable {
    var minutes: UInt64
    var hours: UInt32
    var days: CronDays
    var months: UInt16
    /// nil: every year.
    var years: Set<Int>?

    /// Where a search gives up. Longer than the widest gap of anything that comes again (29 February on one weekday: 40 years).
    static let horizonYears: Int64 = 230

    /// It follows the clock through its changes instead of making up for them: see ``Schedule``.
    var runsInEveryHour: Bool { hours == 0xFF_FFFF }

    /// The first matching time on a clock on the wall at or after a given one; both in seconds since 1970 as that clock counts them.
    func nextWallTime(from second: Int64) -> Int64? {
        let minute = Self.minute(atOrAfter: second)
        let (day, firstMinute) = Self.split(minute)
        let date = CalendarDay.civil(day)
        for year in date.year...date.year + Self.horizonYears {
            if let years, !years.contains(Int(year)) { continue }
            let isFirstYear = year == date.year
            for month in (isFirstYear ? date.month : 1)...12 where months & 1 << month != 0 {
                let isFirstMonth = isFirstYear && month == date.month
                var rest = days.matching(year: year, month: month)
                if isFirstMonth { rest &= UInt32.max << UInt32(date.day) }
                while rest != 0 {
                    let monthDay = Int64(rest.trailingZeroBitCount)
                    rest &= rest - 1
                    let isFirstDay = isFirstMonth && monthDay == date.day
                    guard let found = nextMinute(from: isFirstDay ? firstMinute : 0) else {
                        continue
                    }
                    let number = CalendarDay.number(year: year, month: month, day: monthDay)
                    return (number * 1440 + found) * 60
                }
            }
        }
        return nil
    }

    /// Of a day's 1440 minutes.
    private func nextMinute(from minute: Int64) -> Int64? {
        let hour = UInt32(minute / 60)
        let laterMinutes = minutes & UInt64.max << UInt64(minute % 60)
        if hours & 1 << hour != 0, laterMinutes != 0 {
            return Int64(hour) * 60 + Int64(laterMinutes.trailingZeroBitCount)
        }
        let laterHours = hours & ~((2 << hour) &- 1)
        guard laterHours != 0 else { return nil }
        return Int64(laterHours.trailingZeroBitCount) * 60 + Int64(minutes.trailingZeroBitCount)
    }

    private static func minute(atOrAfter second: Int64) -> Int64 {
        let (minute, rest) = second.quotientAndRemainder(dividingBy: 60)
        return rest > 0 ? minute + 1 : minute
    }

    private static func split(_ minute: Int64) -> (day: Int64, minute: Int64) {
        let (day, rest) = minute.quotientAndRemainder(dividingBy: 1440)
        return rest < 0 ? (day - 1, rest + 1440) : (day, rest)
    }
}

extension CronPattern {
    /// The years 1 to 9999: what lies outside is no time of anybody's clock.
    private static let sensibleSeconds: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

    /// The first matching moment that is later; both in Unix milliseconds.
    func next(after milliseconds: Int64, in zone: ZoneRules) -> Int64? {
        let (whole, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        let second = max(rest < 0 ? whole - 1 : whole, Self.sensibleSeconds.lowerBound)
        guard second < Self.sensibleSeconds.upperBound else { return nil }
        return
            (runsInEveryHour ? onTheClock(after: second, in: zone) : once(after: second, in: zone))
            .map { $0 * 1000 }
    }

    /// Whenever the clock shows it: one stretch of an unchanged clock after the other.
    private func onTheClock(after second: Int64, in zone: ZoneRules) -> Int64? {
        var from = second + 1
        while from <= Self.sensibleSeconds.upperBound {
            let stretch = zone.stretch(at: from)
            guard let wall = nextWallTime(from: from + stretch.offset) else { return nil }
            if wall - stretch.offset < stretch.end { return wall - stretch.offset }
            from = stretch.end
        }
        return nil
    }

    /// Once for each time on the list, in its order. Begins with the time on the clock at the last moment that is over: one
    /// that the clock is about to skip stands between that and the next.
    private func once(after second: Int64, in zone: ZoneRules) -> Int64? {
        var wall = second + zone.offset(at: second)
        while let next = nextWallTime(from: wall) {
            let moment =
                switch zone.moments(of: next) {
                case .once(let moment), .twice(let moment, _), .skipped(let moment): moment
                }
            if moment > second { return moment }
            wall = next + 60
        }
        return nil
    }
}
