import Testing

@testable import brigade

struct ProgressRendererTests {
    private func renderer(_ columns: Int = 100, colored: Bool = false) -> ProgressRenderer {
        ProgressRenderer(columns: columns, style: TextStyle(isColored: colored))
    }

    private static let running: ProgressSnapshot = {
        var snapshot = ProgressSnapshot()
        snapshot.elapsed = .seconds(65)
        snapshot.isListed = true
        snapshot.scanned = 20_000
        snapshot.totalObjects = 12_408
        snapshot.totalBytes = 4_509_715_660
        snapshot.doneObjects = 6204
        snapshot.doneBytes = 2_254_857_830
        snapshot.objectsPerSecond = 320.4
        snapshot.bytesPerSecond = 117_440_512
        return snapshot
    }()

    @Test func showsNumbersAndWhatHappens() {
        #expect(
            renderer().lines(Self.running) == [
                "  6,204 objects · 2.1 GiB · 320 obj/s · 112 MiB/s · 0 failed  ━━━━━━━╸───────   50 %  "
                    + "0:19 left     ",
                "  copying 12,408 objects that differ",
            ])
        #expect(
            renderer().plainLine(Self.running)
                == "1:05 · 6,204 of 12,408 objects · 2.1 GiB · 320 obj/s · 112 MiB/s · 0 failed"
                + " · 0:19 left")
    }

    /// The line is drawn again in place: it must not move as time and shares go on.
    @Test func theTailKeepsItsWidth() {
        var snapshot = Self.running
        var widths: Set<Int> = []
        for (objects, rate) in [
            (0, 0.0), (1, 0.000_1), (1000, 0.01), (1000, 0.5), (1000, 2), (6000, 50), (12_407, 320),
            (12_408, 0),
        ] {
            snapshot.doneObjects = objects
            snapshot.doneBytes = Int64(objects) * 363_452
            snapshot.objectsPerSecond = rate
            snapshot.bytesPerSecond = 0
            let line = renderer().lines(snapshot)[0]
            let percent = line.firstIndex(of: "%") ?? line.startIndex
            widths.insert(line.distance(from: percent, to: line.endIndex))
        }
        #expect(widths.count == 1, "\(widths)")
    }

    @Test func isNeverWiderThanTheTerminal() {
        var far = Self.running
        far.doneObjects = 123_456_789
        far.totalObjects = 1_234_567_890
        far.totalBytes = 1 << 60
        far.failed = 1_000_000
        far.objectsPerSecond = 1_234_567
        far.bytesPerSecond = 1e12
        var silent = far
        silent.silence = .seconds(300)
        silent.waitingFor = String(repeating: "a long name ", count: 20)
        for columns in 1...140 {
            for snapshot in [ProgressSnapshot(), Self.running, far, silent] {
                let lines = renderer(columns).lines(snapshot)
                #expect(lines.count == 2)
                #expect(lines.allSatisfy { $0.count <= columns }, "\(columns): \(lines)")
            }
        }
    }

    @Test func aNarrowTerminalKeepsWhatMatters() {
        let line = renderer(60).lines(Self.running)[0]
        #expect(line.contains("6,204 objects") && line.contains("0 failed"))
        #expect(!line.contains("/s"))
        #expect(line.contains("50 %"))
    }

    @Test func coloursOnlyWhenAsked() {
        var failing = Self.running
        failing.failed = 3
        for columns in [20, 60, 100] {
            for snapshot in [Self.running, failing] {
                let plain = renderer(columns).lines(snapshot)
                #expect(!plain.joined().contains("\u{1b}"))
                let colored = renderer(columns, colored: true).lines(snapshot)
                #expect(colored.map { $0.replacing(/\u{1b}\[[0-9]*m/, with: "") } == plain)
            }
        }
        #expect(renderer(colored: true).lines(failing)[0].contains("\u{1b}[31m3 failed\u{1b}[0m"))
    }

    @Test func aSilenceNamesWhomItWaitsFor() {
        var snapshot = Self.running
        snapshot.waitingFor = "minio and offsite"
        snapshot.silence = .milliseconds(1900)
        #expect(renderer().lines(snapshot)[1] == "  copying 12,408 objects that differ")
        snapshot.silence = .seconds(2)
        #expect(renderer().lines(snapshot)[1] == "  waiting for minio and offsite, 0:02 so far")
        #expect(renderer().plainLine(snapshot) == "waiting for minio and offsite, 0:02 so far")
    }

    @Test(
        arguments: [
            (.connecting, 0, "  connecting"), (.copying, 0, "  copying 0 objects that differ"),
            (.copying, 1, "  copying 1 object that differs"),
            (.copying, 2, "  copying 2 objects that differ"),
            (.deleting, 1, "  deleting what is gone at the source"),
            (.auditing, 1, "  comparing both sides"),
            (.planning, 1, "  working out what would be done"),
        ] as [(ProgressSnapshot.Phase, Int, String)])
    func phases(_ phase: ProgressSnapshot.Phase, _ total: Int, _ text: String) {
        var snapshot = ProgressSnapshot()
        snapshot.phase = phase
        snapshot.totalObjects = total
        snapshot.scanned = 3000
        #expect(renderer().lines(snapshot)[1] == text + ", 3,000 listed so far")
        snapshot.isListed = true
        #expect(renderer().lines(snapshot)[1] == text)
    }

    @Test func sharesAreNeverWholeBeforeTheEnd() {
        var snapshot = Self.running
        snapshot.totalObjects = 1_000_000
        snapshot.totalBytes = 1_000_000
        snapshot.doneObjects = 999_999
        snapshot.doneBytes = 999_999
        #expect(renderer().lines(snapshot)[0].contains(" 99 %"))
        snapshot.doneObjects = 1_000_000
        snapshot.doneBytes = 1_000_000
        #expect(renderer().lines(snapshot)[0].contains("100 %"))
        #expect(snapshot.remaining == nil)
        snapshot.isListed = false
        #expect(snapshot.share == nil)
        #expect(renderer().lines(snapshot)[0].contains("listing …"))
    }
}

struct RateWindowTests {
    private let start = ContinuousClock.now

    @Test func ratesAreOfTheLastSeconds() {
        var window = RateWindow()
        #expect(window.rates(at: start, objects: 0, bytes: 0) == (0, 0))
        #expect(window.rates(at: start + .seconds(1), objects: 100, bytes: 1000) == (100, 1000))
        for second in 2...20 {
            _ = window.rates(at: start + .seconds(second), objects: 100, bytes: 1000)
        }
        #expect(window.rates(at: start + .seconds(21), objects: 100, bytes: 1000) == (0, 0))
        #expect(window.rates(at: start + .seconds(22), objects: 150, bytes: 1500) == (10, 100))
    }

    @Test func tellNothingOfAMoment() {
        var window = RateWindow()
        _ = window.rates(at: start, objects: 0, bytes: 0)
        #expect(window.rates(at: start + .milliseconds(50), objects: 9, bytes: 9) == (0, 0))
        #expect(window.rates(at: start + .milliseconds(100), objects: 9, bytes: 0) == (90, 0))
    }

    @Test func bytesThatAreTakenBackAreNoRate() {
        var window = RateWindow()
        _ = window.rates(at: start, objects: 0, bytes: 100)
        #expect(window.rates(at: start + .seconds(1), objects: 0, bytes: 50) == (0, 0))
    }
}
