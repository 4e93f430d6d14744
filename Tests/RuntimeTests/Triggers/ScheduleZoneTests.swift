import Testing

@testable import Runtime

/// What happens to schedules when clocks are changed. All expected times are UTC.
struct ScheduleZoneTests {
    struct Row: Sendable, CustomStringConvertible {
        var zone: String
        var text: String
        var after: String
        var times: [String]
        var description: String { "\(text) in \(zone)" }
    }

    static let skipped = [
        // 29 March 2026: at 02:00 it becomes 03:00, which is 01:00 UTC.
        Row(
            zone: "Europe/Berlin", text: "30 2 * * *", after: "2026-03-27 12:00",
            times: ["2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30"]),
        Row(
            zone: "Europe/Berlin", text: "cron(30 2 * * ? *)", after: "2026-03-29 00:59:59",
            times: ["2026-03-29 01:00", "2026-03-30 00:30"]),
        Row(
            zone: "Europe/Berlin", text: "0 3 * * *", after: "2026-03-28 12:00",
            times: ["2026-03-29 01:00", "2026-03-30 01:00"]),
        Row(
            zone: "Europe/Berlin", text: "0 2 29 3 *", after: "2026-03-29 00:59",
            times: ["2026-03-29 01:00", "2027-03-29 00:00"]),
        // Several of the list in the gap are one run, and one at its end is that run too.
        Row(
            zone: "Europe/Berlin", text: "*/20 2,3 * * *", after: "2026-03-29 00:00",
            times: ["2026-03-29 01:00", "2026-03-29 01:20", "2026-03-29 01:40", "2026-03-30 00:00"]),
        Row(
            zone: "Europe/Berlin", text: "15 */2 * * *", after: "2026-03-28 23:00",
            times: ["2026-03-28 23:15", "2026-03-29 01:00", "2026-03-29 02:15"]),
        Row(
            zone: "Europe/Berlin", text: "*/30 * * * *", after: "2026-03-29 00:00",
            times: ["2026-03-29 00:30", "2026-03-29 01:00", "2026-03-29 01:30"]),
        Row(
            zone: "Europe/Berlin", text: "@hourly", after: "2026-03-28 23:00",
            times: ["2026-03-29 00:00", "2026-03-29 01:00", "2026-03-29 02:00"]),
        // 8 March 2026: 02:00 becomes 03:00, 07:00 UTC.
        Row(
            zone: "America/New_York", text: "30 2 * * *", after: "2026-03-07 08:00",
            times: ["2026-03-08 07:00", "2026-03-09 06:30"]),
        // 4 October 2026: 02:00 becomes 02:30, 15:30 UTC on the 3rd.
        Row(
            zone: "Australia/Lord_Howe", text: "15 2 * * *", after: "2026-10-02 15:45",
            times: ["2026-10-03 15:30", "2026-10-04 15:15"]),
        Row(
            zone: "Australia/Lord_Howe", text: "45 2 * * *", after: "2026-10-02 16:15",
            times: ["2026-10-03 15:45", "2026-10-04 15:45"]),
        // All of 30 December 2011 was skipped.
        Row(
            zone: "Pacific/Apia", text: "0 12 * * *", after: "2011-12-29 21:00",
            times: ["2011-12-29 22:00", "2011-12-30 10:00", "2011-12-30 22:00"]),
    ]

    static let repeated = [
        // 25 October 2026: at 03:00 it becomes 02:00, which is 01:00 UTC.
        Row(
            zone: "Europe/Berlin", text: "30 2 * * *", after: "2026-10-24 12:00",
            times: ["2026-10-25 00:30", "2026-10-26 01:30"]),
        Row(
            zone: "Europe/Berlin", text: "cron(30 2 * * ? *)", after: "2026-10-25 01:00",
            times: ["2026-10-26 01:30"]),
        Row(
            zone: "Europe/Berlin", text: "0 3 * * *", after: "2026-10-24 12:00",
            times: ["2026-10-25 02:00", "2026-10-26 02:00"]),
        Row(
            zone: "Europe/Berlin", text: "*/30 2 * * *", after: "2026-10-24 12:00",
            times: ["2026-10-25 00:00", "2026-10-25 00:30", "2026-10-26 01:00"]),
        Row(
            zone: "Europe/Berlin", text: "*/30 * * * *", after: "2026-10-24 23:30",
            times: [
                "2026-10-25 00:00", "2026-10-25 00:30", "2026-10-25 01:00", "2026-10-25 01:30",
                "2026-10-25 02:00",
            ]),
        Row(
            zone: "Europe/Berlin", text: "30 * * * *", after: "2026-10-24 23:30",
            times: ["2026-10-25 00:30", "2026-10-25 01:30", "2026-10-25 02:30"]),
        Row(
            zone: "America/New_York", text: "30 1 * * *", after: "2026-11-01 05:00",
            times: ["2026-11-01 05:30", "2026-11-02 06:30"]),
        Row(
            zone: "America/New_York", text: "@hourly", after: "2026-11-01 04:00",
            times: ["2026-11-01 05:00", "2026-11-01 06:00", "2026-11-01 07:00"]),
        // 5 April 2026: 02:00 becomes 01:30, 15:00 UTC on the 4th.
        Row(
            zone: "Australia/Lord_Howe", text: "45 1 * * *", after: "2026-04-04 14:00",
            times: ["2026-04-04 14:45", "2026-04-05 15:15"]),
        Row(
            zone: "Australia/Lord_Howe", text: "45 * * * *", after: "2026-04-04 14:00",
            times: ["2026-04-04 14:45", "2026-04-04 15:15", "2026-04-04 16:15"]),
    ]

    static let plain = [
        Row(
            zone: "UTC", text: "30 2 * * *", after: "2026-03-28 12:00", times: ["2026-03-29 02:30"]),
        Row(
            zone: "Asia/Kolkata", text: "0 9 * * *", after: "2026-03-28 00:00",
            times: ["2026-03-28 03:30"]),
        Row(
            zone: "Asia/Kathmandu", text: "@daily", after: "2026-03-28 00:00",
            times: ["2026-03-28 18:15"]),
        // A day of the zone, which in UTC is still the one before.
        Row(
            zone: "Asia/Tokyo", text: "0 8 1 * *", after: "2026-03-28 00:00",
            times: ["2026-03-31 23:00"]),
        Row(
            zone: "America/New_York", text: "cron(0 22 L * ? *)", after: "2026-03-28 00:00",
            times: ["2026-04-01 02:00"]),
        // After the tables' end: by the rule.
        Row(
            zone: "Europe/Berlin", text: "30 2 * * *", after: "2060-03-27 12:00",
            times: ["2060-03-28 01:00", "2060-03-29 00:30"]),
        Row(
            zone: "America/New_York", text: "30 1 * * *", after: "2060-11-07 05:00",
            times: ["2060-11-07 05:30", "2060-11-08 06:30"]),
    ]

    @Test(arguments: skipped + repeated + plain) func followsTheClock(_ row: Row) throws {
        let schedule = try Schedule(row.text, zone: ZoneRules(named: row.zone))
        #expect(schedule.times(row.times.count, after: row.after) == row.times)
    }

    @Test func aRateDoesNotLookAtTheClock() throws {
        let schedule = try Schedule("rate(1 day)", zone: ZoneRules(named: "Europe/Berlin"))
        let anchor = Moment.milliseconds("2026-03-28 11:00")
        let next = try #require(schedule.next(after: anchor + 86_400_000, anchor: anchor))
        #expect(Moment.text(next) == "2026-03-30 11:00")
    }

    @Test func aScheduleIsItsTextAndItsZone() throws {
        #expect(try Schedule("@daily") == Schedule("@daily", zone: .utc))
        #expect(try Schedule("@daily") != Schedule("0 0 * * *"))
        #expect(try Schedule("@daily") != Schedule("@daily", zone: ZoneRules(named: "Asia/Tokyo")))
    }
}
