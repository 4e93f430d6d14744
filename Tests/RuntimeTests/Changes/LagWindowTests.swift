import TestSupport
import Testing

@testable import Runtime

@Suite struct LagWindowTests {
    private static let start: Int64 = 1_795_615_200_000

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func percentilesAreWithinATwentieth(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let window = LagWindow()
        let most = Int64(1) << Int64.random(in: 3...29, using: &random)
        var exact: [Int64] = []
        for _ in 0..<Int.random(in: 1...2000, using: &random) {
            let value = Int64.random(in: 0...most, using: &random)
            exact.append(value)
            window.record(value, at: Self.start + Int64.random(in: 0..<3_000_000, using: &random))
        }
        exact.sort()
        let target = most / 2
        let reading = window.reading(at: Self.start + 3_000_000, target: target)
        #expect(reading.count == exact.count)
        for (percent, found) in [(50, reading.p50), (99, reading.p99)] {
            let rank = (exact.count * percent + 99) / 100
            let expected = Double(exact[rank - 1])
            let difference = abs(Double(try #require(found)) - expected)
            #expect(difference <= expected * 0.05, "seed \(seed): p\(percent)")
        }
        // What is near the target may be on either side.
        let share = try #require(reading.shareInTime) * Double(exact.count)
        let near = [0.95, 1.05].map { bound in
            Double(exact.count { Double($0) <= Double(target) * bound })
        }
        #expect(share >= near[0] - 0.001 && share <= near[1] + 0.001, "seed \(seed)")
    }

    @Test func minutesRollOff() {
        let window = LagWindow()
        #expect(window.reading(at: Self.start, target: 100) == .init())
        for minute in 0..<120 as Range<Int64> {
            window.record(minute, at: Self.start + minute * 60_000)
            let reading = window.reading(at: Self.start + minute * 60_000, target: 0)
            #expect(reading.count == min(60, Int(minute) + 1))
        }
        let end = Self.start + 119 * 60_000
        #expect(window.reading(at: end, target: 0).shareInTime == 0)
        #expect(window.reading(at: end + 59 * 60_000, target: 0).count == 1)
        #expect(window.reading(at: end + 60 * 60_000, target: 0) == .init())
    }

    @Test func whatIsBeyondEveryBoundIsTheLast() throws {
        let window = LagWindow()
        window.record(.max, at: Self.start)
        window.record(0, at: Self.start)
        let reading = window.reading(at: Self.start, target: 1)
        #expect(reading.p50 == 0)
        #expect(try #require(reading.p99) > 13 * 86_400_000)
        #expect(reading.shareInTime == 0.5)
    }
}
