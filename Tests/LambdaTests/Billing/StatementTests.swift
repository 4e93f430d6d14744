import Lambda
import TestSupport
import Testing

@testable import Runtime

struct StatementTests {
    private static func tally(_ random: inout SeededRandom) -> InvocationTally {
        var tally = InvocationTally(
            function: "f\(random.next() % 9)", memoryMB: 128 * Int(random.next() % 80 + 1))
        tally.invocations = Int(random.next() % 3_000_000)
        tally.billedMilliseconds = Int64(random.next() % 10_000_000_000)
        return tally
    }

    /// Whatever was done: a bill whose lines do not add up is worth nothing.
    @Test(arguments: 0..<50 as Range<UInt64>)
    func totalsAreTheSumOfTheirLines(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let classes = ["LIST", "GET", "HEAD", "PUT", "COPY", "DELETE", "OTHER"]
        let tallies = (0..<random.next() % 6).map { _ in Self.tally(&random) }
        let usage = (0..<random.next() % 12).map { _ in
            InvocationUsage.Line(
                connection: ["aws", "minio"][Int(random.next() % 2)],
                requestClass: classes[Int(random.next() % 7)],
                requests: Int(random.next() % 50_000_000), bytesIn: 1, bytesOut: 1)
        }
        let earlier = MonthToDate(
            requests: Int64(random.next() % 2_000_000),
            megabyteMilliseconds: Int128(random.next() % 1_000_000_000_000))
        for card in RateCard.all {
            let statement = Statement(
                run: "r", card: card, tallies: tallies, usage: usage,
                prices: ["aws": .s3Standard], earlier: earlier)
            var sum = 0 as Int64
            for line in statement.functions {
                sum += line.requestCost.picodollars + line.computeCost.picodollars
            }
            for line in statement.requests { sum += line.cost.picodollars }
            #expect(statement.total.picodollars == sum)
            #expect(statement.functions.map(\.tally) == tallies)
            #expect(statement.requests.map(\.usage) == usage)
            #expect(statement.invocations == tallies.reduce(0) { $0 + $1.invocations })
            #expect(
                statement.requests.filter { $0.usage.connection == "minio" }
                    .allSatisfy { $0.cost == .zero })
        }
    }

    @Test func theFreeMillionIsSharedByTheFunctions() {
        var one = InvocationTally(function: "one", memoryMB: 128)
        one.invocations = 900_000
        var two = InvocationTally(function: "two", memoryMB: 128)
        two.invocations = 200_000
        let statement = Statement(
            run: "r", card: .notes, tallies: [one, two], usage: [], prices: [:])
        #expect(statement.functions.map(\.requestCost.picodollars) == [0, 100_000 * 200_000])
    }

    /// 12,408 invocations of 100 ms at 128 MB: 155.1 GB-seconds at 0.00001667 dollars.
    @Test func pricesAsTheNotesDo() {
        var tally = InvocationTally(function: "replicate", memoryMB: 128)
        for _ in 0..<12_408 {
            tally.add(duration: .milliseconds(7), billedMilliseconds: 100, failed: false)
        }
        let statement = Statement(
            run: "r", card: .notes, tallies: [tally], usage: [], prices: [:])
        #expect(statement.milliGBSeconds == 155_100)
        #expect(statement.total == Money(picodollars: 155_100 * 16_670_000 / 1000))
    }

    @Test func lateTalliesKeepTheirPercentiles() {
        var tally = InvocationTally(function: "f", memoryMB: 128)
        #expect(tally.duration(atPercentile: 50) == nil)
        for milliseconds in 1...100 {
            tally.add(
                duration: .milliseconds(milliseconds), billedMilliseconds: 100,
                failed: milliseconds > 90)
        }
        #expect(tally.errors == 10)
        #expect(tally.durationNanoseconds == 5_050_000_000)
        // Powers of two microseconds: 50 ms are below 65.536, 99 ms below 131.072.
        #expect(tally.duration(atPercentile: 50) == .microseconds(65_536))
        #expect(tally.duration(atPercentile: 99) == .microseconds(131_072))
        #expect(tally.duration(atPercentile: 0) == .microseconds(1024))
        tally.add(duration: .seconds(1_000_000), billedMilliseconds: 1, failed: false)
        tally.add(duration: .zero, billedMilliseconds: 1, failed: false)
        #expect(tally.buckets.last == 1)
        #expect(tally.buckets.first == 1)
    }
}

struct RunMeterTests {
    @Test func losesNothingUnderConcurrency() async {
        let meter = RunMeter(card: .notes)
        let line = InvocationUsage.Line(
            connection: "c", requestClass: "GET", requests: 2, bytesIn: 3, bytesOut: 1)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for number in 0..<250 {
                        meter.record(
                            function: "f\(task % 2)", memoryMB: 128, duration: .milliseconds(150),
                            failed: number == 0, usage: [line])
                    }
                }
            }
        }
        meter.record(usage: [line])
        let statement = meter.statement(run: "r", prices: [:])
        #expect(statement.functions.map(\.tally.invocations) == [1000, 1000])
        #expect(statement.functions.map(\.tally.errors) == [4, 4])
        #expect(statement.functions.map(\.tally.billedMilliseconds) == [200_000, 200_000])
        #expect(statement.requests.map(\.usage.requests) == [2 * 2001])
        #expect(statement.requests.map(\.usage.bytesIn) == [3 * 2001])
    }

    @Test func twoSizesOfOneFunctionAreTwoLines() {
        let meter = RunMeter(card: .lambdaX86)
        for memory in [128, 256, 128] {
            meter.record(
                function: "f", memoryMB: memory, duration: .microseconds(1440),
                initDuration: .microseconds(18_450), failed: false, usage: [])
        }
        let tallies = meter.statement(run: "r", prices: [:]).functions.map(\.tally)
        #expect(tallies.map(\.memoryMB) == [128, 256])
        #expect(tallies.map(\.billedMilliseconds) == [40, 20])
    }
}
