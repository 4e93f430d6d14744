import COpenSSL

/// A SHA-256, held in place.
struct SHA256Digest: Sendable, Equatable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    init(of bytes: UnsafeRawBufferPointer) {
        // Not `SHA256`, which looks its algorithm up by name each time.
        var context = SHA256_CTX()
        SHA256_Init(&context)
        SHA256_Update(&context, bytes.baseAddress, bytes.count)
        withUnsafeMutableBytes(of: &words) { digest in
            _ = SHA256_Final(digest.baseAddress, &context)
        }
    }

    init(of bytes: [UInt8]) { self = bytes.withUnsafeBytes { SHA256Digest(of: $0) } }

    /// Ends the given hash.
    init(finishing context: inout SHA256_CTX) {
        withUnsafeMutableBytes(of: &words) { digest in
            _ = SHA256_Final(digest.baseAddress, &context)
        }
    }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeBytes(of: words) { body($0) }
    }

    /// 64 lower-case digits.
    func appendHex(to text: inout [UInt8]) {
        withBytes { digest in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { digits in
                Hex.write(digest, to: digits)
                text.append(contentsOf: digits)
            }
        }
    }

    var hex: String { withBytes { Hex.encode($0) } }

    static func == (a: SHA256Digest, b: SHA256Digest) -> Bool { a.words == b.words }
}
