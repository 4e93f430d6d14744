import TestSupport
import Testing

@testable import Transport

@Suite struct ByteRingTests {
    @Test func aBlockThatDoesNotFitIsRefusedWhole() {
        var ring = ByteRing(capacity: 8)
        #expect(put([1, 2, 3, 4, 5], into: &ring))
        #expect(!put([6, 7, 8, 9], into: &ring))
        #expect(ring.count == 5)
        #expect(ring.free == 3)
        #expect(put([6, 7, 8], into: &ring))
        #expect(ring.free == 0)
        #expect(!put([9], into: &ring))
        #expect(put([], into: &ring))
        #expect(take(20, from: &ring) == [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(take(20, from: &ring) == [])
    }

    @Test func bytesGoAroundTheEnd() {
        var ring = ByteRing(capacity: 8)
        #expect(put([1, 2, 3, 4, 5, 6], into: &ring))
        #expect(take(4, from: &ring) == [1, 2, 3, 4])
        #expect(put([7, 8, 9, 10, 11, 12], into: &ring))
        #expect(take(8, from: &ring) == [5, 6, 7, 8, 9, 10, 11, 12])
    }

    /// Against an array, with random sizes.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func isAQueue(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let capacity = Int.random(in: 1...300, using: &random)
        var ring = ByteRing(capacity: capacity)
        var model: [UInt8] = []
        for _ in 0..<2000 {
            if Bool.random(using: &random) {
                let block = random.bytes(count: Int.random(in: 0...capacity, using: &random))
                let fits = model.count + block.count <= capacity
                #expect(put(block, into: &ring) == fits)
                if fits { model += block }
            } else {
                let wanted = Int.random(in: 0...capacity + 10, using: &random)
                let taken = take(wanted, from: &ring)
                #expect(taken == Array(model.prefix(wanted)))
                model.removeFirst(taken.count)
            }
            #expect(ring.count == model.count)
            #expect(ring.free == capacity - model.count)
        }
    }

    /// What is read into the ring where it lies, in pieces of any size.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func isFilledInPlace(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let capacity = Int.random(in: 1...300, using: &random)
        var ring = ByteRing(capacity: capacity)
        var model: [UInt8] = []
        for _ in 0..<2000 {
            #expect(ring.vacant.isEmpty == (ring.free == 0))
            #expect(ring.filled.isEmpty == (ring.count == 0))
            if Bool.random(using: &random) {
                let bytes = random.bytes(
                    count: Int.random(in: 0...ring.vacant.count, using: &random))
                ring.vacant.copyBytes(from: bytes)
                ring.commit(bytes.count)
                model += bytes
            } else {
                let wanted = Int.random(in: 0...capacity, using: &random)
                let taken = take(wanted, from: &ring)
                #expect(taken == Array(model.prefix(wanted)))
                model.removeFirst(taken.count)
            }
            #expect(ring.count == model.count)
        }
    }

    private func put(_ bytes: [UInt8], into ring: inout ByteRing) -> Bool {
        bytes.withUnsafeBytes { ring.put($0) }
    }

    /// As many as there are, up to so many.
    private func take(_ count: Int, from ring: inout ByteRing) -> [UInt8] {
        var taken: [UInt8] = []
        while taken.count < count, ring.count > 0 {
            let piece = ring.filled.prefix(count - taken.count)
            taken += piece
            ring.consume(piece.count)
        }
        return taken
    }
}
