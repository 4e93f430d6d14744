import TestSupport
import Testing

@testable import Signing

@Suite struct ChecksumTests {
    /// The check values of the CRC catalogue, and of RFC 1321, RFC 3174 and FIPS 180-4 by `md5sum` and its like.
    @Test(arguments: [
        (ChecksumAlgorithm.crc32, "cbf43926"),
        (.crc32c, "e3069283"),
        (.crc64nvme, "ae8b14860a799888"),
        (.md5, "25f9e794323b453885f5181f1b624d0b"),
        (.sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        (.sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
    ])
    func knownDigests(algorithm: ChecksumAlgorithm, digest: String) {
        #expect(Hex.encode(Checksum.of(Array("123456789".utf8), algorithm)) == digest)
    }

    /// However the bytes are cut, and at whatever alignment, the digest is that of the whole.
    @Test(arguments: ChecksumAlgorithm.allCases)
    func cutsMakeNoDifference(algorithm: ChecksumAlgorithm) {
        var random = SeededRandom(seed: 7)
        for _ in 0..<40 {
            let bytes = random.bytes(count: Int.random(in: 0...400, using: &random))
            var checksum = Checksum(algorithm)
            var from = 0
            while from < bytes.count {
                let to = Int.random(in: from...bytes.count, using: &random)
                bytes.withUnsafeBytes {
                    checksum.update(UnsafeRawBufferPointer(rebasing: $0[from..<to]))
                }
                from = to
            }
            #expect(checksum.finalize() == Checksum.of(bytes, algorithm))
        }
    }

    @Test(arguments: [ChecksumAlgorithm.crc32, .crc32c, .crc64nvme])
    func partsCombine(algorithm: ChecksumAlgorithm) {
        var random = SeededRandom(seed: 11)
        for _ in 0..<40 {
            let parts = (0..<Int.random(in: 0...5, using: &random)).map { _ in
                random.bytes(count: Int.random(in: 0...300, using: &random))
            }
            let whole = Checksum.of(parts.flatMap { $0 }, algorithm)
            let combined = Checksum.combineCRC(
                parts: parts.map { (Checksum.of($0, algorithm), Int64($0.count)) }, algorithm)
            #expect(combined == whole)
        }
    }

    @Test func onlyCRCsCombine() {
        let digest = Checksum.of([1], .sha256)
        #expect(Checksum.combineCRC(digest, digest, secondLengthBytes: 1, .sha256) == nil)
        #expect(Checksum.combineCRC([1], [2], secondLengthBytes: 1, .crc32) == nil)
        #expect(Checksum.combineCRC(parts: [], .md5) == nil)
    }
}
