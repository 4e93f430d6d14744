import Glibc
import TestSupport
import Testing

@testable import Runtime

/// Random patterns against a search that looks at every minute, with the C library's calendar and none of the code under test
/// but the zone's offset, which has tests of its own.
struct SchedulePropertyTests {
    /// A crontab pattern and what it means.
    struct Pattern {
        var text: String
        var minutes: Set<Int32>
        var hours: Set<Int32>
        var monthDays: Set<Int32>
        var months: Set<Int32>
        var weekdays: Set<Int32>
        var isEither: Bool

        init(using random: inout SeededRandom) {
            func field(_ range: ClosedRange<Int32>, everyOf: Int) -> (
                text: String, values: Set<Int32>
            ) {
                let all = Set(range)
                switch Int.random(in: 0..<everyOf + 3, using: &random) {
                case 0:
                    let values = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                        Int32.random(in: range, using: &random)
                    }
                    return (values.map { "\($0)" }.joined(separator: ","), Set(values))
                case 1:
                    let ends = [
                        Int32.random(in: range, using: &random),
                        Int32.random(in: range, using: &random),
                    ].sorted()
                    return ("\(ends[0])-\(ends[1])", Set(ends[0]...ends[1]))
                case 2:
                    let step = Int32.random(in: 1...5, using: &random)
                    return ("*/\(step)", all.filter { ($0 - range.lowerBound) % step == 0 })
                default: return ("*", all)
                }
            }
            let minute = field(0...59, everyOf: 1)
            let hour = field(0...23, everyOf: 2)
            let monthDay = field(1...28, everyOf: 4)
            let month = field(1...12, everyOf: 6)
            let weekday = field(0...6, everyOf: 4)
            text = [minute, hour, monthDay, month, weekday].map(\.text).joined(separator: " ")
            minutes = minute.values
            hours = hour.values
            // The days were drawn up to the 28th, so that each pattern has one; `*` goes on to the 31st.
            monthDays = monthDay.text == "*" ? Set(1...31) : monthDay.values
            if monthDay.text.hasPrefix("*/"), let step = Int32(monthDay.text.dropFirst(2)) {
                monthDays = Set(1...31).filter { ($0 - 1) % step == 0 }
            }
            months = month.values
            weekdays = weekday.values
            isEither = !monthDay.text.hasPrefix("*") && !weekday.text.hasPrefix("*")
        }

        func matches(_ wall: Int64) -> Bool {
            let fields = Moment.fields(wall)
            let byDay = monthDays.contains(fields.tm_mday)
            let byWeekday = weekdays.contains(fields.tm_wday)
            return minutes.contains(fields.tm_min) && hours.contains(fields.tm_hour)
                && months.contains(fields.tm_mon + 1)
                && (isEither ? byDay || byWeekday : byDay && byWeekday)
        }

        /// Whether it is due at a whole minute of Unix time.
        func isDue(_ second: Int64, in zone: ZoneRules) -> Bool {
            let offset = zone.offset(at: second)
            let before = zone.offset(at: second - 60)
            let wall = second + offset
            guard hours.count < 24 else { return matches(wall) }
            if matches(wall), !wasShown(wall, before: second, in: zone) { return true }
            // The first moment after a gap makes up for what the clock skipped.
            return offset > before
                && stride(from: second + before, to: wall, by: 60).contains(where: matches)
        }

        private func wasShown(_ wall: Int64, before second: Int64, in zone: ZoneRules) -> Bool {
            stride(from: second - 7200, to: second, by: 60).contains {
                $0 + zone.offset(at: $0) == wall
            }
        }
    }

    @Test(arguments: 1...8) func nothingIsSkippedAndNothingIsExtra(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let turns = [
            ("Europe/Berlin", "2026-03-29 01:00"), ("Europe/Berlin", "2026-10-25 01:00"),
            ("America/New_York", "2026-03-08 07:00"),
            ("America/New_York", "2026-11-01 06:00"), ("Australia/Lord_Howe", "2026-10-03 15:30"),
            ("Australia/Lord_Howe", "2026-04-04 15:00"),
            ("UTC", "2028-02-29 00:00"), ("Asia/Kathmandu", "2026-12-31 12:00"),
        ]
        for _ in 0..<40 {
            let (name, turn) = turns[Int.random(in: 0..<turns.count, using: &random)]
            let zone = try ZoneRules(named: name)
            let pattern = Pattern(using: &random)
            let schedule = try Schedule(pattern.text, zone: zone)
            let start = Moment.seconds(turn) - Int64.random(in: 0...100_000, using: &random)
            let end = start + 200_000
            var expected: [Int64] = []
            var minute = (start / 60 + 1) * 60
            while minute <= end {
                if pattern.isDue(minute, in: zone) { expected.append(minute) }
                minute += 60
            }
            var found: [Int64] = []
            var after = start * 1000 + Int64.random(in: 0...999, using: &random)
            while let next = schedule.next(after: after, anchor: 0), next <= end * 1000 {
                #expect(next > after)
                found.append(next / 1000)
                after = next
            }
            #expect(
                found == expected,
                "seed \(seed): \(pattern.text) in \(name) after \(Moment.text(start * 1000))")
        }
    }

    /// Far from any change of the clock: what is found matches, and nothing in the days before it does.
    @Test(arguments: 1...4) func patternsAreFoundYearsAhead(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed &+ 1000)
        for _ in 0..<150 {
            let pattern = Pattern(using: &random)
            let schedule = try Schedule(pattern.text)
            let after = Int64.random(in: -2_000_000_000...8_000_000_000, using: &random)
            let next = try #require(schedule.next(after: after * 1000, anchor: 0)) / 1000
            #expect(next > after && next % 60 == 0 && pattern.matches(next), "\(pattern.text)")
            var minute = next - 60
            while minute > max(after, next - 86_400) {
                #expect(!pattern.matches(minute), "\(pattern.text): \(minute)")
                minute -= 60
            }
        }
    }
}

/// EventBridge's days against a reading of them that looks at one day at a time.
struct EventBridgeDayTests {
    private static func length(_ fields: tm) -> Int32 {
        let year = fields.tm_year + 1900
        let isLeap = year % 4 == 0 && year % 100 != 0 || year % 400 == 0
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][Int(fields.tm_mon)]
    }

    /// The day's own number, or that of its neighbours from whose weekend it takes over.
    private static func isNearest(_ day: Int32, _ fields: tm) -> Bool {
        guard (1...5).contains(fields.tm_wday), day <= length(fields) else { return false }
        let distance = day - fields.tm_mday
        let weekday = ((fields.tm_wday + distance) % 7 + 7) % 7
        switch distance {
        case 0: return true
        case 1: return weekday == 6
        case -1: return weekday == 0
        case 2: return weekday == 0 && day == length(fields)
        case -2: return weekday == 6 && day == 1
        default: return false
        }
    }

    private static func rule(
        using random: inout SeededRandom
    ) -> (text: String, matches: (tm) -> Bool) {
        let day = Int32.random(in: 1...31, using: &random)
        let weekday = Int32.random(in: 1...7, using: &random)
        let number = Int32.random(in: 1...5, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return ("\(day)W * ?", { isNearest(day, $0) })
        case 1: return ("L * ?", { $0.tm_mday == length($0) })
        case 2:
            return ("? * \(weekday)L", { $0.tm_wday == weekday - 1 && $0.tm_mday + 7 > length($0) })
        case 3:
            return (
                "? * \(weekday)#\(number)",
                { $0.tm_wday == weekday - 1 && ($0.tm_mday + 6) / 7 == number }
            )
        case 4:
            return ("\(day),L * ?", { $0.tm_mday == day || $0.tm_mday == length($0) })
        default:
            return (
                "\(day)/\(number) * ?", { $0.tm_mday >= day && ($0.tm_mday - day) % number == 0 }
            )
        }
    }

    @Test(arguments: 1...4) func agree(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<60 {
            let (text, matches) = Self.rule(using: &random)
            let schedule = try Schedule("cron(0 12 \(text) *)")
            let start = Int64.random(in: 0...30_000, using: &random)
            var expected: [Int64] = []
            for day in start..<start + 500 where matches(Moment.fields(day * 86_400)) {
                expected.append(day * 86_400 + 43_200)
            }
            var found: [Int64] = []
            var after = start * 86_400_000 - 1
            while let next = schedule.next(after: after, anchor: 0),
                next < (start + 500) * 86_400_000
            {
                found.append(next / 1000)
                after = next
            }
            #expect(found == expected, "seed \(seed): \(text)")
        }
    }
}
