import TestSupport
import Testing

@testable import Runtime

struct RateCardTests {
    /// The first two are published examples: <https://fulgurion.com> (Rust, with init) and a report line of
    /// AWS's own (Node, with init); init is billed since August 2025.
    @Test(
        arguments: [
            (1440, 18_450, 20), (1_233_960, 463_512, 1698), (1000, 0, 1), (1001, 0, 2), (0, 0, 1),
            (999, 1, 1), (999, 2, 2),
        ] as [(Int, Int, Int64)])
    func billsWholeMillisecondsWithInit(_ run: Int, _ initialisation: Int, _ billed: Int64) {
        for card in [RateCard.lambdaX86, .lambdaARM] {
            #expect(
                card.billedMilliseconds(
                    duration: .microseconds(run), initDuration: .microseconds(initialisation))
                    == billed)
        }
    }

    @Test(
        arguments: [
            (.zero, 100), (.nanoseconds(1), 100), (.milliseconds(1), 100),
            (.milliseconds(100), 100),
            (.milliseconds(100) + .nanoseconds(1), 200), (.milliseconds(101), 200),
            (.seconds(1), 1000), (.milliseconds(1001), 1100), (.seconds(900), 900_000),
        ] as [(Duration, Int64)])
    func theNotesBillStepsOf100AndNoInit(_ duration: Duration, _ billed: Int64) {
        #expect(RateCard.notes.billedMilliseconds(duration: duration) == billed)
        #expect(
            RateCard.notes.billedMilliseconds(duration: duration, initDuration: .seconds(9))
                == billed)
    }

    @Test(arguments: RateCard.all)
    func tiersRiseAndTheLastHasNoEnd(_ card: RateCard) {
        #expect(card.tiers.last?.upToGBSeconds == nil)
        let limits = card.tiers.dropLast().map { $0.upToGBSeconds ?? 0 }
        #expect(limits == limits.sorted() && Set(limits).count == limits.count)
        #expect(!limits.contains(0))
        let prices = card.tiers.map(\.picodollarsPerGBSecond)
        #expect(prices == prices.sorted(by: >))
    }

    @Test(
        arguments: [
            ("PUT", 5_000_000), ("COPY", 5_000_000), ("LIST", 5_000_000), ("GET", 400_000),
            ("HEAD", 400_000), ("OTHER", 400_000), ("DELETE", 0),
        ] as [(String, Int64)])
    func requestsCostWhatAmazonAsks(_ requestClass: String, _ price: Int64) {
        #expect(RequestPrices.s3Standard.price(of: requestClass) == price)
        #expect(RequestPrices.free.price(of: requestClass) == 0)
    }
}

struct MonthToDateTests {
    private let unit = MonthToDate.megabyteMillisecondsPerGBSecond

    @Test(
        arguments: [
            (0, 1, 0), (0, 1_000_000, 0), (0, 1_000_001, 1), (999_999, 2, 1), (1_000_000, 5, 5),
            (2_000_000, 3, 3), (0, 0, 0),
        ] as [(Int64, Int, Int64)])
    func theFirstMillionIsFree(_ before: Int64, _ count: Int, _ charged: Int64) {
        var month = MonthToDate(requests: before)
        #expect(month.chargedRequests(count, .lambdaX86) == charged)
        #expect(month.requests == before + Int64(count))
    }

    /// GB-seconds before and now, picodollars.
    @Test(
        arguments: [
            (0, 400_000, 0), (0, 400_001, 16_666_700), (400_000, 1, 16_666_700),
            (399_999, 2, 16_666_700), (6_000_399_999, 2, 16_666_700 + 15_000_000),
            (6_000_400_000, 1, 15_000_000), (15_000_399_999, 2, 15_000_000 + 13_333_400),
            (20_000_000_000, 3, 3 * 13_333_400), (5, 0, 0),
        ] as [(Int128, Int128, Int64)])
    func tiersFollowOneAnother(_ before: Int128, _ now: Int128, _ picodollars: Int64) {
        var month = MonthToDate(megabyteMilliseconds: before * unit)
        let cost = month.charge(megabyteMilliseconds: now * unit, .lambdaX86)
        #expect(cost.picodollars == picodollars)
        #expect(month.megabyteMilliseconds == (before + now) * unit)
    }

    @Test func roundsHalfUpOnce() {
        // One GB-second is 1,024,000 MB-milliseconds; at 16,670,000 a piece costs 16.279…
        var month = MonthToDate()
        #expect(month.charge(megabyteMilliseconds: 1, .notes).picodollars == 16)
        #expect(month.charge(megabyteMilliseconds: 2, .notes).picodollars == 33)
        #expect(month.charge(megabyteMilliseconds: 1_024_000, .notes).picodollars == 16_670_000)
    }

    /// The amount must not depend on how a month is cut, but for the rounding of each piece.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func piecesCostWhatTheWholeDoes(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let pieces = (0..<50).map { _ in Int128(random.next() % 1_000_000_000_000_000) }
        var month = MonthToDate()
        let sum = pieces.reduce(Money.zero) {
            $0 + month.charge(megabyteMilliseconds: $1, .lambdaARM)
        }
        var other = MonthToDate()
        let whole = other.charge(megabyteMilliseconds: pieces.reduce(0, +), .lambdaARM)
        #expect(abs(sum.picodollars - whole.picodollars) <= Int64(pieces.count))
        #expect(month == other)
    }
}

struct MoneyTests {
    @Test(
        arguments: [
            (0, "0", "$0.00"), (1, "0.000000000001", "<$0.000001"),
            (499_999, "0.000000499999", "<$0.000001"), (500_000, "0.0000005", "$0.000001"),
            (2_715_000_000, "0.002715", "$0.002715"), (64_820_000_000, "0.06482", "$0.064820"),
            (1_000_000_000_000, "1", "$1.000000"),
            (99_999_999_499_999, "99.999999499999", "$99.999999"),
            (100_000_000_000_000, "100", "$100.00"), (123_456_000_000_000, "123.456", "$123.46"),
            (-2_715_000_000, "-0.002715", "-$0.002715"),
            (.max, "9223372.036854775807", "$9223372.04"),
            (.min, "-9223372.036854775808", "-$9223372.04"),
        ] as [(Int64, String, String)])
    func reads(_ picodollars: Int64, _ exact: String, _ text: String) {
        let money = Money(picodollars: picodollars)
        #expect(money.exactDecimal == exact)
        #expect(money.description == text)
    }

    @Test func addsAndCompares() {
        let one = Money(picodollars: 1)
        #expect(one + one - one == one)
        #expect(Money.zero < one)
        #expect([one, .zero, one].reduce(.zero, +) == Money(picodollars: 2))
    }
}
