/// A zone's rule as POSIX writes it: `CET-1CEST,M3.5.0,M10.5.0/3`. Its offsets here are east of Greenwich, as everywhere else.
///
/// Source: <https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html>, with the hours from -167 to 167 that
/// RFC 8536, section 3.3.1, adds.
struct POSIXZone: Sendable, Equatable {
    /// A day of every year, and the time on the wall at which the clock is changed.
    struct Turn: Sendable, Equatable {
        enum Day: Sendable, Equatable {
            /// 1 to 365; 29 February is never counted.
            case julian(Int64)
            /// 0 to 365.
            case ordinal(Int64)
            /// Week 5 is the last one. Weekday 0 is Sunday.
            case weekday(month: Int64, week: Int64, weekday: Int64)
        }

        var day: Day
        /// Seconds from midnight, negative too.
        var time: Int64

        /// Of a year, in seconds as the clock on the wall counts them from 1970.
        func wallTime(year: Int64) -> Int64 { number(year: year) * 86_400 + time }

        private func number(year: Int64) -> Int64 {
            let newYear = CalendarDay.number(year: year, month: 1, day: 1)
            switch day {
            case .ordinal(let days): return newYear + days
            case .julian(let days):
                let hasLeapDay = CalendarDay.number(year: year, month: 3, day: 1) - newYear == 60
                return newYear + days - (hasLeapDay && days >= 60 ? 0 : 1)
            case .weekday(let month, let week, let weekday):
                let first = CalendarDay.number(year: year, month: month, day: 1)
                let firstWeekday = ((first + 4) % 7 + 7) % 7
                let day = first + (weekday - firstWeekday + 7) % 7 + (week - 1) * 7
                return day < CalendarDay.firstOfNextMonth(first) ? day : day - 7
            }
        }
    }

    struct Summer: Sendable, Equatable {
        var offset: Int64
        var start: Turn
        var end: Turn
    }

    var offset: Int64
    /// nil: the clock never changes.
    var summer: Summer?

    func stretch(at second: Int64) -> ZoneRules.Stretch {
        guard let summer else { return ZoneRules.Stretch(offset: offset, start: .min, end: .max) }
        let year = CalendarDay.civil((second + offset) / 86_400).year
        var changes: [ZoneRules.Change] = []
        for year in year - 2...year + 2 {
            // The end first: where summer is all of the year, one year's end is the next one's start, which then stands.
            changes.append(
                .init(moment: summer.end.wallTime(year: year) - summer.offset, offset: offset))
            changes.append(
                .init(moment: summer.start.wallTime(year: year) - offset, offset: summer.offset))
        }
        // Sorting is not stable: at one moment the summer is later.
        changes.sort {
            ($0.moment, $0.offset == offset ? 0 : 1) < ($1.moment, $1.offset == offset ? 0 : 1)
        }
        let next = changes.firstIndex { $0.moment > second } ?? changes.count - 1
        let current = changes[max(next - 1, 0)]
        return ZoneRules.Stretch(
            offset: current.offset, start: current.moment, end: changes[next].moment)
    }
}
