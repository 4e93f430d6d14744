import Foundation
import TestSupport
import Testing

@testable import Runtime

struct ZoneRulesTests {
    /// Foundation's ICU has tables of its own.
    @Test(arguments: [
        "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata",
        "Africa/Casablanca", "America/Sao_Paulo",
        "Pacific/Apia", "Europe/Dublin", "Asia/Tehran", "America/Nuuk",
    ])
    func agreesWithAnotherLibrary(_ name: String) throws {
        let rules = try ZoneRules(named: name)
        let zone = try #require(TimeZone(identifier: name))
        var random = SeededRandom(seed: 11)
        // From 1975, and no later than the tables of both are likely to be the same.
        for _ in 0..<2000 {
            let second = Int64.random(in: 157_766_400...1_735_689_600, using: &random)
            let expected = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second)))
            #expect(rules.offset(at: second) == Int64(expected), "\(Moment.text(second * 1000))")
        }
    }

    @Test func theRuleGoesOnWhereTheTableEnds() throws {
        let berlin = try ZoneRules(named: "Europe/Berlin")
        let rule = try #require(berlin.rule)
        #expect(berlin.offset(at: Moment.seconds("2999-07-01 00:00")) == 7200)
        #expect(berlin.offset(at: Moment.seconds("2999-12-01 00:00")) == 3600)
        for year in 1997...2036 {
            for day in stride(
                from: Moment.seconds("\(year)-01-01 00:00"),
                to: Moment.seconds("\(year + 1)-01-01 00:00"), by: 43_200)
            {
                #expect(rule.stretch(at: day).offset == berlin.offset(at: day))
            }
        }
    }

    @Test func aTimeOnTheWallIsOnceOrTwiceOrNever() throws {
        let berlin = try ZoneRules(named: "Europe/Berlin")
        let turn = Moment.seconds("2026-03-29 01:00")
        #expect(berlin.moments(of: Moment.seconds("2026-03-29 01:59:59")) == .once(turn - 1))
        #expect(berlin.moments(of: Moment.seconds("2026-03-29 02:00")) == .skipped(until: turn))
        #expect(berlin.moments(of: Moment.seconds("2026-03-29 02:59:59")) == .skipped(until: turn))
        #expect(berlin.moments(of: Moment.seconds("2026-03-29 03:00")) == .once(turn))
        let back = Moment.seconds("2026-10-25 01:00")
        #expect(
            berlin.moments(of: Moment.seconds("2026-10-25 02:00"))
                == .twice(first: back - 3600, second: back))
        #expect(
            berlin.moments(of: Moment.seconds("2026-10-25 02:59:59"))
                == .twice(first: back - 1, second: back + 3599))
        #expect(berlin.moments(of: Moment.seconds("2026-10-25 03:00")) == .once(back + 3600))
        let apia = try ZoneRules(named: "Pacific/Apia")
        #expect(
            apia.moments(of: Moment.seconds("2011-12-30 12:00"))
                == .skipped(until: Moment.seconds("2011-12-30 10:00")))
        #expect(ZoneRules.utc.moments(of: 5) == .once(5))
        #expect(ZoneRules.utc.moments(of: .max) == .once(1 << 60))
        #expect(berlin.offset(at: .max) == berlin.offset(at: 1 << 60))
        #expect(berlin.offset(at: .min) == berlin.firstOffset)
    }

    @Test func everyMomentIsAmongThoseOfItsOwnTime() throws {
        var random = SeededRandom(seed: 3)
        for name in [
            "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "UTC",
        ] {
            let zone = try ZoneRules(named: name)
            for _ in 0..<2000 {
                let moment = Int64.random(in: -3_000_000_000...9_000_000_000, using: &random)
                switch zone.moments(of: moment + zone.offset(at: moment)) {
                case .once(let found): #expect(found == moment)
                case .twice(let first, let second):
                    #expect(first == moment || second == moment)
                    #expect(first < second)
                case .skipped: Issue.record("\(name): \(moment) is shown and not found")
                }
            }
        }
    }

    @Test(arguments: [
        ("EST5", "2026-07-01 00:00", -18_000),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-07-01 00:00", 7200),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29 00:59:59", 3600),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29 01:00", 7200),
        // Summer over the new year, and half an hour of it.
        ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-01-01 00:00", 39_600),
        ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-07-01 00:00", 37_800),
        // Winter that is called summer: Dublin. Negative hours: Nuuk. More than 24: Gaza.
        ("IST-1GMT0,M10.5.0,M3.5.0/1", "2026-01-01 00:00", 0),
        ("IST-1GMT0,M10.5.0,M3.5.0/1", "2026-07-01 00:00", 3600),
        ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29 00:59:59", -7200),
        ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29 01:00", -3600),
        ("EET-2EEST,M3.4.4/50,M10.4.4/50", "2026-03-27 23:59:59", 7200),
        ("EET-2EEST,M3.4.4/50,M10.4.4/50", "2026-03-28 00:00", 10_800),
        // All of the year: RFC 8536, section 3.3.1.
        ("XXX3EDT4,0/0,J365/23", "2026-01-01 03:00", -14_400),
        ("XXX3EDT4,0/0,J365/23", "2026-12-31 23:59", -14_400),
        ("EST5EDT", "2026-07-01 00:00", -14_400), ("EST5EDT", "2026-01-01 00:00", -18_000),
        ("AAA0BBB,J60,J61", "2028-03-01 03:00", 3600), ("AAA0BBB,59,60", "2028-02-29 03:00", 3600),
        ("AAA0:30:15BBB,J1,J2", "2028-06-01 00:00", -1815),
    ])
    func readsTheRulesOfPOSIX(_ text: String, _ moment: String, _ offset: Int64) throws {
        let rule = try #require(POSIXZone(Array(text.utf8)))
        #expect(rule.stretch(at: Moment.seconds(moment)).offset == offset)
    }

    @Test(arguments: [
        "", "CE", "CET", "CET-", "CET-1CEST,M3.5.0", "CET-25", "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,M3.5.0/168,M10.5.0", "CET-1CEST,J0,J1", "CET-1CEST,366,1", "<CET-1",
        "CET-1CEST,M3.5.0,M10.5.0/3,", "CET-1CEST,M3.5.0;M10.5.0",
        "CET-99999999999999999999", "CET-1:60",
    ])
    func refusesWhatIsNoRule(_ text: String) { #expect(POSIXZone(Array(text.utf8)) == nil) }

    @Test(arguments: [
        "", "/etc/passwd", "../passwd", "Europe/../Berlin", "Europe//Berlin", "Europe/Berlin/",
        "./UTC", "Europe", "Europe/Nowhere", "Europe/Berlin\0x",
        "Europe/Bérlin", String(repeating: "a", count: 300),
    ])
    func refusesWhatIsNoName(_ name: String) throws {
        let error = try #require(throws: ScheduleError.self) { try ZoneRules(named: name) }
        #expect(error.kind == .unknownZone)
        #expect(error.field == "time zone")
    }

    @Test func utcNeedsNoFile() throws {
        #expect(try ZoneRules.find("UTC", folders: []) == .utc)
        #expect(try ZoneRules.find("Etc/UTC", folders: []) == .utc)
        let error = try #require(throws: ScheduleError.self) {
            try ZoneRules.find("Europe/Berlin", folders: ["/nonexistent/zoneinfo"])
        }
        #expect(error.problem.contains("tzdata"))
    }

    private func file(_ name: String = "Europe/Berlin") throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: "/usr/share/zoneinfo/\(name)")))
    }

    @Test func refusesFilesThatAreNone() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "zones-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func kind(_ name: String, _ bytes: [UInt8]) throws -> ScheduleError.Kind? {
            try Data(bytes).write(to: folder.appendingPathComponent(name))
            do {
                _ = try ZoneRules.find(name, folders: [folder.path])
                return nil
            } catch {
                return error.kind
            }
        }
        let berlin = try file()
        #expect(try kind("Good", berlin) == nil)
        #expect(try kind("Empty", []) == .unreadableZone)
        #expect(try kind("Text", Array("hello".utf8)) == .unreadableZone)
        #expect(
            try kind("Long", berlin + [UInt8](repeating: 0, count: ZoneRules.longestFile))
                == .unreadableZone)
        #expect(mkfifo(folder.appendingPathComponent("Pipe").path, 0o600) == 0)
        #expect(throws: ScheduleError.self) { try ZoneRules.find("Pipe", folders: [folder.path]) }
    }

    /// Cut off anywhere, and with any byte changed: a zone or none, and no crash.
    @Test func survivesDamagedFiles() throws {
        for name in ["Europe/Berlin", "Asia/Tokyo"] {
            let whole = try file(name)
            for end in 0..<whole.count {
                #expect(ZoneRules(tzif: Array(whole[..<end]), description: name) == nil)
            }
            var random = SeededRandom(seed: 5)
            for _ in 0..<2000 {
                var bytes = whole
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
                        in: 0...255, using: &random)
                }
                guard let zone = ZoneRules(tzif: bytes, description: name) else { continue }
                for second in [0, 1_700_000_000, 5_000_000_000, Int64.min, Int64.max] {
                    #expect(ZoneRules.offsets.contains(zone.offset(at: second)))
                    _ = zone.moments(of: second)
                }
            }
        }
    }

    @Test func readsFilesOfTheFirstVersion() throws {
        func number(_ value: Int32) -> [UInt8] {
            (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
        }
        let head = Array("TZif".utf8) + [UInt8](repeating: 0, count: 16)
        let counts = [0, 0, 0, 2, 2, 4].flatMap { number($0) }
        let table =
            number(-100) + number(100) + [1, 0] + number(3600) + [0, 0] + number(7200) + [1, 0]
            + Array("AAA\0".utf8)
        let zone = try #require(ZoneRules(tzif: head + counts + table, description: "x"))
        #expect(
            [-101, -100, 99, 100, 1 << 40].map { zone.offset(at: $0) } == [
                3600, 7200, 7200, 3600, 3600,
            ])
    }
}
