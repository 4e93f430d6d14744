import Testing

@testable import Runtime

struct ScheduleTests {
    struct Row: Sendable, CustomStringConvertible {
        var text: String
        var after: String
        var times: [String]
        var description: String { text }
    }

    /// Every expression that EventBridge's documents show, and what each of its signs means.
    static let eventBridge = [
        // <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html>
        Row(
            text: "cron(0 10 * * ? *)", after: "2026-11-25 10:00",
            times: ["2026-11-26 10:00", "2026-11-27 10:00"]),
        Row(text: "cron(15 12 * * ? *)", after: "2026-11-25 10:00", times: ["2026-11-25 12:15"]),
        Row(
            text: "cron(0 18 ? * MON-FRI *)", after: "2026-11-27 17:59",
            times: ["2026-11-27 18:00", "2026-11-30 18:00"]),
        Row(
            text: "cron(0 8 1 * ? *)", after: "2026-11-25 10:00",
            times: ["2026-12-01 08:00", "2027-01-01 08:00"]),
        Row(
            text: "cron(0/15 * * * ? *)", after: "2026-11-25 10:01",
            times: ["2026-11-25 10:15", "2026-11-25 10:30", "2026-11-25 10:45", "2026-11-25 11:00"]),
        Row(
            text: "cron(0/10 * ? * MON-FRI *)", after: "2026-11-27 23:45",
            times: ["2026-11-27 23:50", "2026-11-30 00:00", "2026-11-30 00:10"]),
        Row(
            text: "cron(0/5 8-17 ? * MON-FRI *)", after: "2026-11-27 17:50",
            times: ["2026-11-27 17:55", "2026-11-30 08:00", "2026-11-30 08:05"]),
        Row(
            text: "cron(0/30 20-2 ? * MON-FRI *)", after: "2026-11-27 17:50",
            times: ["2026-11-27 20:00", "2026-11-27 20:30"]),
        Row(
            text: "cron(0/30 20-2 ? * MON-FRI *)", after: "2026-11-27 23:00",
            times: ["2026-11-27 23:30", "2026-11-30 00:00"]),
        Row(
            text: "cron(0 22-3/2 ? * FRI-SUN *)", after: "2026-11-26 23:00",
            times: ["2026-11-27 00:00", "2026-11-27 02:00", "2026-11-27 22:00", "2026-11-28 00:00"]),
        Row(
            text: "cron(1/10 * * * ? *)", after: "2026-11-25 10:00",
            times: ["2026-11-25 10:01", "2026-11-25 10:11", "2026-11-25 10:21"]),
        // <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html>
        Row(
            text: "cron(15 10 ? * 6L 2022-2023)", after: "2022-01-01 00:00",
            times: ["2022-01-28 10:15", "2022-02-25 10:15", "2022-03-25 10:15"]),
        Row(text: "cron(15 10 ? * 6L 2022-2023)", after: "2023-12-29 10:15", times: []),
        Row(
            text: "cron(0 9 ? * 2#1 *)", after: "2026-11-25 10:00",
            times: ["2026-12-07 09:00", "2027-01-04 09:00"]),
        Row(
            text: "cron(0 0 ? * 3#5 *)", after: "2026-11-25 10:00",
            times: ["2026-12-29 00:00", "2027-03-30 00:00"]),
        Row(
            text: "cron(0 0 3W * ? *)", after: "2026-09-30 00:00",
            times: ["2026-10-02 00:00", "2026-11-03 00:00", "2026-12-03 00:00", "2027-01-04 00:00"]),
        // 1 August 2026 is a Saturday, 1 November a Sunday: the month is not left.
        Row(
            text: "cron(0 0 1W 8,11 ? *)", after: "2026-07-30 00:00",
            times: ["2026-08-03 00:00", "2026-11-02 00:00"]),
        // 31 May 2026 is a Sunday, and April has no 31st.
        Row(
            text: "cron(0 0 31W 4-5 ? *)", after: "2026-04-01 00:00",
            times: ["2026-05-29 00:00", "2027-05-31 00:00"]),
        Row(
            text: "cron(0 0 L * ? *)", after: "2028-01-31 00:00",
            times: ["2028-02-29 00:00", "2028-03-31 00:00", "2028-04-30 00:00"]),
        Row(
            text: "cron(0 0 15,L 2 ? *)", after: "2027-02-01 00:00",
            times: ["2027-02-15 00:00", "2027-02-28 00:00", "2028-02-15 00:00"]),
        Row(
            text: "cron(0 0 ? * L *)", after: "2026-11-25 00:00",
            times: ["2026-11-28 00:00", "2026-12-05 00:00"]),
        Row(
            text: "cron(0 0 ? * friL *)", after: "2026-11-25 00:00",
            times: ["2026-11-27 00:00", "2026-12-25 00:00"]),
        Row(
            text: "cron(0 0 ? JAN,MAR SUN,7 *)", after: "2026-11-25 00:00",
            times: ["2027-01-02 00:00", "2027-01-03 00:00"]),
        Row(text: "cron(0 0 ? * 1 *)", after: "2026-11-25 00:00", times: ["2026-11-29 00:00"]),
        Row(
            text: "cron(59 23 31 DEC ? 2199)", after: "2026-11-25 00:00",
            times: ["2199-12-31 23:59"]),
        Row(
            text: "cron(0 0 1 1 ? 2027/2)", after: "2026-11-25 00:00",
            times: ["2027-01-01 00:00", "2029-01-01 00:00"]),
        Row(text: "cron(0 0 1 1 ? 1970-2026)", after: "2026-11-25 00:00", times: []),
        Row(text: "cron(0 0 29 2 ? *)", after: "2096-02-29 00:00", times: ["2104-02-29 00:00"]),
        Row(
            text: "cron(0 0 ? 2 2#5 *)", after: "2026-11-25 00:00",
            times: ["2044-02-29 00:00", "2072-02-29 00:00", "2112-02-29 00:00"]),
        Row(text: "cron(0\t0   1 1\t? *)", after: "2026-11-25 00:00", times: ["2027-01-01 00:00"]),
    ]

    static let crontab = [
        // <https://manpages.debian.org/bookworm/cron/crontab.5.en.html>
        Row(text: "5 0 * * *", after: "2026-11-25 00:05", times: ["2026-11-26 00:05"]),
        Row(text: "15 14 1 * *", after: "2026-11-25 00:00", times: ["2026-12-01 14:15"]),
        Row(text: "0 22 * * 1-5", after: "2026-11-27 22:00", times: ["2026-11-30 22:00"]),
        Row(
            text: "23 0-23/2 * * *", after: "2026-11-25 00:00",
            times: ["2026-11-25 00:23", "2026-11-25 02:23"]),
        Row(
            text: "5 4 * * sun", after: "2026-11-25 00:00",
            times: ["2026-11-29 04:05", "2026-12-06 04:05"]),
        Row(
            text: "30 4 1,15 * 5", after: "2026-11-25 00:00",
            times: [
                "2026-11-27 04:30", "2026-12-01 04:30", "2026-12-04 04:30", "2026-12-11 04:30",
                "2026-12-15 04:30",
            ]),
        Row(
            text: "*/5 * * * *", after: "2026-11-25 23:56",
            times: ["2026-11-26 00:00", "2026-11-26 00:05"]),
        Row(
            text: "* * * * *", after: "2026-11-25 23:59",
            times: ["2026-11-26 00:00", "2026-11-26 00:01"]),
        Row(text: "0 0 * * 0", after: "2026-11-25 00:00", times: ["2026-11-29 00:00"]),
        Row(text: "0 0 * * 7", after: "2026-11-25 00:00", times: ["2026-11-29 00:00"]),
        Row(
            text: "0 0 * * 6-7", after: "2026-11-25 00:00",
            times: ["2026-11-28 00:00", "2026-11-29 00:00", "2026-12-05 00:00"]),
        Row(
            text: "0 0 * * */2", after: "2026-11-25 00:00",
            times: ["2026-11-26 00:00", "2026-11-28 00:00", "2026-11-29 00:00", "2026-12-01 00:00"]),
        // Not restricted by its first sign: both must match. Odd days that are Mondays.
        Row(
            text: "0 0 */2 * 1", after: "2026-11-25 00:00",
            times: ["2026-12-07 00:00", "2026-12-21 00:00"]),
        Row(
            text: "0 0 13 * */5", after: "2026-11-25 00:00",
            times: ["2026-12-13 00:00", "2027-06-13 00:00"]),
        Row(
            text: "10-50/20 9 * JAN-MAR MON,wed", after: "2026-11-25 00:00",
            times: ["2027-01-04 09:10", "2027-01-04 09:30", "2027-01-04 09:50", "2027-01-06 09:10"]),
        Row(
            text: "@hourly", after: "2026-11-25 00:30",
            times: ["2026-11-25 01:00", "2026-11-25 02:00"]),
        Row(
            text: "@daily", after: "2026-11-25 00:30",
            times: ["2026-11-26 00:00", "2026-11-27 00:00"]),
        Row(text: "@midnight", after: "2026-11-25 00:30", times: ["2026-11-26 00:00"]),
        Row(
            text: "@weekly", after: "2026-11-25 00:30",
            times: ["2026-11-29 00:00", "2026-12-06 00:00"]),
        Row(
            text: "@monthly", after: "2026-11-25 00:30",
            times: ["2026-12-01 00:00", "2027-01-01 00:00"]),
        Row(
            text: "@yearly", after: "2026-11-25 00:30",
            times: ["2027-01-01 00:00", "2028-01-01 00:00"]),
        Row(text: "@Annually", after: "2026-11-25 00:30", times: ["2027-01-01 00:00"]),
        Row(text: "0 0 29 2 *", after: "1896-03-01 00:00", times: ["1904-02-29 00:00"]),
    ]

    @Test(arguments: eventBridge + crontab) func runsWhenItsDocumentsSay(_ row: Row) throws {
        let schedule = try Schedule(row.text)
        #expect(schedule.description == row.text)
        let expected = row.times.isEmpty ? 1 : row.times.count
        #expect(schedule.times(expected, after: row.after) == row.times)
    }

    struct RateRow: Sendable {
        var text: String
        var anchor: Int64
        var after: Int64
        var next: Int64?
    }

    static let minute: Int64 = 60_000
    @Test(arguments: [
        RateRow(text: "rate(1 minute)", anchor: 0, after: 0, next: minute),
        RateRow(text: "rate(5 minutes)", anchor: 7, after: 7, next: 5 * minute + 7),
        RateRow(text: "rate(5 minutes)", anchor: 7, after: 5 * minute + 6, next: 5 * minute + 7),
        RateRow(text: "rate(5 minutes)", anchor: 7, after: 5 * minute + 7, next: 10 * minute + 7),
        RateRow(
            text: "rate(5 minutes)", anchor: 1_000_000, after: -50, next: 1_000_000 + 5 * minute),
        RateRow(text: "rate(1 hour)", anchor: -1, after: 59 * minute, next: 60 * minute - 1),
        RateRow(text: "rate(1 day)", anchor: 0, after: 1, next: 24 * 60 * minute),
        RateRow(text: "rate(7 days)", anchor: 0, after: 1, next: 7 * 24 * 60 * minute),
        RateRow(text: "rate( 2  hours )", anchor: 0, after: 1, next: 120 * minute),
        RateRow(text: "rate(1 minute)", anchor: 0, after: .max, next: nil),
        RateRow(text: "rate(1 minute)", anchor: .min, after: .max, next: nil),
        RateRow(text: "rate(1 minute)", anchor: .max, after: .min, next: nil),
        RateRow(text: "rate(1 minute)", anchor: 5, after: .min, next: minute + 5),
        RateRow(text: "rate(36525 days)", anchor: 0, after: 0, next: 36_525 * 1440 * minute),
    ])
    func aRateCountsFromItsAnchor(_ row: RateRow) throws {
        #expect(try Schedule(row.text).next(after: row.after, anchor: row.anchor) == row.next)
    }

    @Test func timesNearTheEndsOfNumbersHaveNoNextOne() throws {
        let schedule = try Schedule("* * * * *")
        #expect(schedule.next(after: .max, anchor: 0) == nil)
        #expect(schedule.next(after: .min, anchor: 0) == Moment.milliseconds("1-1-1 0:1"))
        #expect(schedule.next(after: -1, anchor: 0) == 0)
        #expect(schedule.next(after: 0, anchor: 0) == 60_000)
        #expect(schedule.next(after: 59_999, anchor: 0) == 60_000)
    }

    struct BadRow: Sendable, CustomStringConvertible {
        var text: String
        var field: String?
        var problem: String
        var description: String { text }
    }

    @Test(arguments: [
        BadRow(text: "", problem: "0 fields"),
        BadRow(text: "hourly", problem: "1 fields"),
        BadRow(text: "@reboot", problem: "no schedule has this name"),
        BadRow(text: "* * * * * *", problem: "6 fields"),
        BadRow(text: "cron(* * * * *)", problem: "5 fields"),
        BadRow(text: "cron()", problem: "0 fields"),
        BadRow(text: "rate()", problem: "a number and a unit"),
        BadRow(text: "rate(5)", problem: "a number and a unit"),
        BadRow(text: "rate(5 minute)", field: "unit", problem: "minute does not go with 5"),
        BadRow(text: "rate(1 hours)", field: "unit", problem: "hours does not go with 1"),
        BadRow(text: "rate(0 minutes)", field: "value", problem: "0 is no positive"),
        BadRow(text: "rate(-5 minutes)", field: "value", problem: "-5 is no positive"),
        BadRow(text: "rate(1.5 hours)", field: "value", problem: "1.5 is no positive"),
        BadRow(text: "rate(+5 hours)", field: "value", problem: "+5 is no positive"),
        BadRow(text: "rate(5 seconds)", field: "unit", problem: "seconds does not go"),
        BadRow(text: "rate(36526 days)", field: "value", problem: "more than a hundred years"),
        BadRow(text: "rate(99999999999999999999 days)", field: "value", problem: "is no positive"),
        BadRow(text: "cron(0 10 * * * *)", field: "day-of-month", problem: "a value in both"),
        BadRow(text: "cron(0 10 ? * ? *)", field: "day-of-month", problem: "? in both"),
        BadRow(text: "cron(60 10 * * ? *)", field: "minutes", problem: "60 is more than 59"),
        BadRow(text: "cron(? 10 * * ? *)", field: "minutes", problem: "? is no value"),
        BadRow(text: "cron(0 24 * * ? *)", field: "hours", problem: "24 is more than 23"),
        BadRow(text: "cron(0 10 0 * ? *)", field: "day-of-month", problem: "0 is less than 1"),
        BadRow(text: "cron(0 10 W * ? *)", field: "day-of-month", problem: "a number is missing"),
        BadRow(text: "cron(0 10 32W * ? *)", field: "day-of-month", problem: "32 is more than 31"),
        BadRow(text: "cron(0 10 * 13 ? *)", field: "month", problem: "13 is more than 12"),
        BadRow(text: "cron(0 10 * FOO ? *)", field: "month", problem: "FOO is no value"),
        BadRow(text: "cron(0 10 ? * 0 *)", field: "day-of-week", problem: "0 is less than 1"),
        BadRow(text: "cron(0 10 ? * 8L *)", field: "day-of-week", problem: "8 is more than 7"),
        BadRow(
            text: "cron(0 10 ? * 3#6 *)", field: "day-of-week",
            problem: "none of the first to fifth"),
        BadRow(text: "cron(0 10 ? * 3#1,6#3 *)", field: "day-of-week", problem: "# goes alone"),
        BadRow(text: "cron(0 10 ? * 2/2 *)", field: "day-of-week", problem: "no steps here"),
        BadRow(
            text: "cron(0 10 1 1 ? 2030-2027)", field: "year", problem: "ends before it begins"
        ),
        BadRow(text: "cron(0 10 * * ? 1969)", field: "year", problem: "1969 is less than 1970"),
        BadRow(text: "cron(0 10 * * ? 2200)", field: "year", problem: "2200 is more than 2199"),
        BadRow(text: "cron(0 10 30 2 ? *)", problem: "no day of any year"),
        BadRow(text: "cron(0 10 29 2 ? 2027)", problem: "no day of any year"),
        BadRow(text: "0 0 31 4,6,9,11 *", problem: "no day of any year"),
        BadRow(text: "60 * * * *", field: "minute", problem: "60 is more than 59"),
        BadRow(text: "-1 * * * *", field: "minute", problem: "a number is missing"),
        BadRow(text: "+1 * * * *", field: "minute", problem: "+1 is no value"),
        BadRow(text: "1,,2 * * * *", field: "minute", problem: "beside a comma"),
        BadRow(text: "5/10 * * * *", field: "minute", problem: "write * or 5-59"),
        BadRow(text: "*/0 * * * *", field: "minute", problem: "none from 1 to 60"),
        BadRow(text: "*/61 * * * *", field: "minute", problem: "none from 1 to 60"),
        BadRow(text: "*/2/2 * * * *", field: "minute", problem: "none from 1 to 60"),
        BadRow(text: "1-2-3 * * * *", field: "minute", problem: "2-3 is no value"),
        BadRow(text: "5-1 * * * *", field: "minute", problem: "ends before it begins"),
        BadRow(text: "* 24 * * *", field: "hour", problem: "24 is more than 23"),
        BadRow(text: "* * ? * *", field: "day of month", problem: "? is no value"),
        BadRow(text: "* * L * *", field: "day of month", problem: "L is no value"),
        BadRow(text: "* * * * 8", field: "day of week", problem: "8 is more than 7"),
        BadRow(text: "* * * * mond", field: "day of week", problem: "mond is no value"),
        BadRow(text: "* * * * ١", field: "day of week", problem: "is no value"),
        BadRow(text: "RATE(5 minutes)", problem: "2 fields"),
        BadRow(text: " rate(5 minutes)", problem: "2 fields"),
        BadRow(text: String(repeating: "1,", count: 200), problem: "400 bytes long"),
    ])
    func whatIsWrongIsNamed(_ row: BadRow) throws {
        let error = try #require(throws: ScheduleError.self) { try Schedule(row.text) }
        #expect(error.field == row.field)
        #expect(error.problem.contains(row.problem), "\(error)")
        #expect(!error.allowed.isEmpty)
        #expect(error.description.hasPrefix("\"" + row.text.prefix(80)))
    }

    @Test func anErrorCarriesNoControlCharacters() throws {
        let error = try #require(throws: ScheduleError.self) { try Schedule("\u{1B}[2J\n") }
        #expect(!error.description.unicodeScalars.contains { $0.value < 32 })
    }

    @Test func sparsePatternsAreFoundAndPastOnesGivenUp() throws {
        for text in ["cron(* * ? 2 2#5 *)", "cron(0 0 ? 2 2#5 *)", "cron(* * * * ? 1970)"] {
            let schedule = try Schedule(text, zone: ZoneRules(named: "Europe/Berlin"))
            for year in stride(from: 1971, through: 2190, by: 20) {
                let next = schedule.next(
                    after: Moment.milliseconds("\(year)-12-31 00:00"), anchor: 0)
                #expect((next == nil) == text.contains("1970"))
            }
        }
    }
}
