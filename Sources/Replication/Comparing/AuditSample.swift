import S3

/// A share of all keys, the same one for the same seed: a key is in it or not whatever else there is, so
/// that audits of changing buckets stay comparable.
public struct AuditSample: Sendable, Equatable {
    /// 0...1.
    public let share: Double
    public let seed: UInt64

    /// - Parameter share: clamped to 0...1.
    public init(share: Double, seed: UInt64) {
        self.share = min(max(share, 0), 1)
        self.seed = seed
    }

    /// - Parameter key: relative to the prefix.
    public func contains(_ key: ObjectKey) -> Bool {
        if share >= 1 { return true }
        // FNV-1a, then the finalizer of SplitMix64: FNV alone mixes its upper bits too little.
        // Sources: <http://www.isthe.com/chongo/tech/comp/fnv/>, <https://prng.di.unimi.it/splitmix64.c>
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ seed
        for byte in key.bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        hash = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
        hash = (hash ^ (hash >> 27)) &* 0x94d0_49bb_1331_11eb
        hash ^= hash >> 31
        return Double(hash >> 11) * 0x1p-53 < share
    }
}
