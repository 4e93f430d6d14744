import COpenSSL

/// A key of HMAC-SHA-256 with both its pads already hashed: a short message costs two or three compressions.
/// <https://www.rfc-editor.org/rfc/rfc2104>
struct HMACKey: Sendable {
    private let inner: SHA256_CTX
    private let outer: SHA256_CTX

    init(_ key: UnsafeRawBufferPointer) {
        if key.count > 64 {
            self = SHA256Digest(of: key).withBytes { HMACKey($0) }
            return
        }
        var inner = SHA256_CTX()
        var outer = SHA256_CTX()
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { pad in
            for index in 0..<64 { pad[index] = 0x36 ^ (index < key.count ? key[index] : 0) }
            SHA256_Init(&inner)
            SHA256_Update(&inner, pad.baseAddress, 64)
            for index in 0..<64 { pad[index] ^= 0x36 ^ 0x5C }
            SHA256_Init(&outer)
            SHA256_Update(&outer, pad.baseAddress, 64)
            OPENSSL_cleanse(pad.baseAddress, 64)
        }
        self.inner = inner
        self.outer = outer
    }

    func mac(_ message: UnsafeRawBufferPointer) -> SHA256Digest {
        var context = inner
        SHA256_Update(&context, message.baseAddress, message.count)
        let first = SHA256Digest(finishing: &context)
        context = outer
        first.withBytes { _ = SHA256_Update(&context, $0.baseAddress, $0.count) }
        return SHA256Digest(finishing: &context)
    }

    func mac(_ message: [UInt8]) -> SHA256Digest { message.withUnsafeBytes { mac($0) } }
}
