/// The chain of signatures over the chunks of one body: each is made with the one before it.
public struct ChunkSignatures: Sendable, CustomReflectable {
    private let key: SigningKey
    private let parts: StringToSign
    private(set) var previous: String

    /// - Parameter seed: the signature of the request's head.
    init(key: SigningKey, parts: StringToSign, seed: String) {
        self.key = key
        self.parts = parts
        previous = seed
    }

    mutating func next(_ digest: SHA256Digest) -> String {
        previous = key.key.mac(parts.chunk(previous: previous, digest: digest)).hex
        return previous
    }

    mutating func nextTrailer(_ canonicalTrailers: [UInt8]) -> String {
        let bytes = parts.trailer(previous: previous, canonicalTrailers: canonicalTrailers)
        previous = key.key.mac(bytes).hex
        return previous
    }

    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
