import S3
import Signing
import TestSupport
import Testing

@testable import Replication

@Suite struct StreamDigestTests {
    static func pieces(_ body: [UInt8], _ layout: PartLayout) -> [[UInt8]] {
        (1...layout.count).map { number in
            layout.range(of: number).map { Array(body[Int($0.lowerBound)...Int($0.upperBound)]) }
                ?? []
        }
    }

    /// However a body is cut into blocks, its digests are those of the whole and of its parts.
    @Test(arguments: 0..<60 as Range<UInt64>)
    func blocksDoNotMatter(_ seed: UInt64) throws {
        var generator = SeededRandom(seed: seed)
        let body = generator.bytes(count: Int.random(in: 0...5000, using: &generator))
        var layouts = (0..<3).map { _ in
            PartLayout(
                size: Int64(body.count), partBytes: Int64.random(in: 1...6000, using: &generator))
        }
        var sizes: [Int64] = []
        var left = Int64(body.count)
        while left > 0 {
            let size = min(left, Int64.random(in: 0...1500, using: &generator))
            sizes.append(size)
            left -= size
        }
        layouts.append(try #require(PartLayout(sizes: sizes.isEmpty ? [0] : sizes)))
        let digest = StreamDigest(ChecksumAlgorithm.allCases, layouts: layouts)
        digest.update(bytes(100, seed: 5))
        digest.restart()
        var rest = body[...]
        while !rest.isEmpty {
            let block = rest.prefix(Int.random(in: 1...700, using: &generator))
            digest.update(Array(block))
            rest = rest.dropFirst(block.count)
        }
        let result = digest.finish()
        #expect(result.bytes == Int64(body.count))
        for algorithm in ChecksumAlgorithm.allCases {
            #expect(result.whole[algorithm] == Checksum.of(body, algorithm), "seed \(seed)")
        }
        #expect(
            result.compositeETags == layouts.map { multipartETag(Self.pieces(body, $0)) },
            "seed \(seed)")
        // Finishing begins anew.
        #expect(digest.finish().bytes == 0)
    }

    /// More or fewer bytes than a layout has give another ETag than the layout's.
    @Test func aBodyOfAnotherLengthDoesNotMatch() {
        let layout = PartLayout(size: 100, partBytes: 40)
        let right = StreamDigest([], layouts: [layout])
        right.update(bytes(100))
        let expected = right.finish().compositeETags
        for count in [0, 99, 101, 180] {
            let digest = StreamDigest([], layouts: [layout])
            digest.update(bytes(count))
            #expect(digest.finish().compositeETags != expected, "\(count)")
        }
    }

    @Test func partsWithoutMD5sHaveNoComposite() {
        let parts = [UploadPart(number: 1, eTag: md5([1])), UploadPart(number: 2, eTag: ETag("x"))]
        #expect(ETag.composite(of: parts) == nil)
        #expect(
            ETag.composite(of: [UploadPart(number: 1, eTag: md5([1]))]) == multipartETag([[1]]))
    }

    @Test func aWholeThatBeganAgainIsSpoilt() {
        let body = bytes(100)
        let whole = WholeDigest(StreamDigest([.md5]))
        whole.observe(.restart)
        body[..<50].withUnsafeBytes { whole.observe(.block($0)) }
        whole.endPart()
        whole.observe(.restart)
        body[50...].withUnsafeBytes { whole.observe(.block($0)) }
        #expect(whole.finish()?.md5 == md5(body))
        let spoilt = WholeDigest(StreamDigest([.md5]))
        body[..<50].withUnsafeBytes { spoilt.observe(.block($0)) }
        spoilt.observe(.restart)
        #expect(spoilt.finish() == nil)
    }
}
