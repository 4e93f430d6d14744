import Testing

@testable import Transport

struct ModerationTests {
    private func moderation(exchange: Nanoseconds, worked: Nanoseconds, of total: Nanoseconds)
        -> Moderation
    {
        var moderation = Moderation()
        for _ in 0..<500 { moderation.noteExchange(exchange) }
        for _ in 0..<500 { moderation.noteRound(worked: worked, of: total) }
        return moderation
    }

    @Test func waitsForMoreWhileTheStoresAreTheLimit() {
        let slow = moderation(exchange: 3_000_000, worked: 10_000, of: 100_000)
        let pause = slow.pause(transfers: 32)
        #expect(pause > 0)
        #expect(pause <= 3_000_000 / Moderation.partsOfExchange)
    }

    @Test func neverLongerThanAMillisecond() {
        let far = moderation(exchange: 500_000_000, worked: 10_000, of: 100_000)
        #expect(far.pause(transfers: 1000) == Moderation.pauseMaximum)
    }

    @Test func holdsUpNeitherAFewTransfersNorABusyEngine() {
        let idle = moderation(exchange: 3_000_000, worked: 10_000, of: 100_000)
        #expect(idle.pause(transfers: Moderation.transfersMinimum - 1) == 0)
        let busy = moderation(exchange: 3_000_000, worked: 60_000, of: 100_000)
        #expect(busy.pause(transfers: 32) == 0)
    }

    @Test func knowsNothingAtFirst() {
        #expect(Moderation().pause(transfers: 1000) == 0)
    }

    @Test func forgetsWhatWasLongAgo() {
        var changed = moderation(exchange: 3_000_000, worked: 90_000, of: 100_000)
        for _ in 0..<5000 { changed.noteRound(worked: 10_000, of: 100_000) }
        #expect(changed.pause(transfers: 32) > 0)
    }
}
