import Testing

@testable import Runtime

@Suite struct StreamedPartsTests {
    /// What was read from the socket before reading stopped comes in while the taker takes.
    @Test func whoIsHeldUpIsLetGoOnOnceTheTakerHasCaughtUp() {
        let parts = StreamedParts()
        let half = [UInt8](repeating: 0, count: StreamedParts.waitingBytesMaximum / 2)
        #expect(!parts.add(half))
        #expect(!parts.add(half))
        #expect(parts.add([1]))
        #expect(!parts.taken(half.count))
        #expect(parts.add([2]), "held up still, though less than the limit waits")
        #expect(parts.taken(half.count))
        #expect(!parts.add([3]))
    }
}
