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
