import S3

/// What the demo writes: many small objects, some large ones, one in parts, and keys that are hard to carry.
/// The same for the same count.
struct DemoObjects: Sendable {
    /// Of plain keys; ``difficult`` and ``archive`` come on top.
    var count: Int

    struct Item: Sendable {
        var key: ObjectKey
        var bytes: Int
        var metadata: ObjectMetadata
    }

    /// Each of these has broken some tool.
    static let difficult: [ObjectKey] = [
        "odd/two//slashes", "odd/../dots", "odd/ends with a space ", "odd/100% + more?#&=;",
        "odd/a%2Fb%41", "odd/grüße/日本語/😀", "odd/e\u{301} is not \u{e9}",
        "odd/e\u{e9} is not e\u{301}",
        "odd/quotes \"'<&>", "odd/back\\slash", "odd/new\nline", "odd/control \u{1}",
        "odd/folder/", "odd/both", "odd/both/a",
        ObjectKey("odd/" + String(repeating: "long", count: 255)),
    ]

    /// Written in parts, as large objects are: its ETag is that of its parts.
    static let archive: ObjectKey = "archive/2025.tar"
    static let archivePartBytes = 8 << 20
    static let archiveParts = 3

    /// The plain object of this number.
    func item(_ number: Int) -> Item {
        var metadata = ObjectMetadata()
        let folder: String
        switch number % 3 {
        case 0:
            folder = "photos/2025"
            metadata.contentType = "image/jpeg"
            metadata.user = [.init("camera", "brigade-\(number % 7)")]
        case 1:
            folder = "documents"
            metadata.contentType = "text/plain; charset=utf-8"
            metadata.cacheControl = "max-age=3600"
        default:
            folder = "logs/app"
            metadata.contentType = "application/json"
        }
        if number % 50 == 0 { metadata.tags = [Tag("team", "demo"), Tag("year", "2025")] }
        return Item(
            key: ObjectKey("\(folder)/\(Self.padded(number))"), bytes: Self.bytes(number),
            metadata: metadata)
    }

    var difficultItems: [Item] {
        Self.difficult.map { key in
            Item(
                key: key, bytes: key.bytes.last == 0x2F ? 0 : 100 + key.bytes.count,
                metadata: ObjectMetadata())
        }
    }

    /// Mostly a few KiB, some tens of KiB, a few hundreds.
    private static func bytes(_ number: Int) -> Int {
        let spread = Int(truncatingIfNeeded: DemoRandom.mixed(UInt64(number)) >> 33)
        return switch spread % 100 {
        case 0..<75: 200 + spread % 8000
        case 75..<98: (10 << 10) + spread % (54 << 10)
        default: (256 << 10) + spread % (768 << 10)
        }
    }

    private static func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 7 - digits.count)) + digits
    }

    /// A body that no other object has; another one for each edition.
    static func body(_ key: ObjectKey, bytes: Int, edition: Int = 0) -> [UInt8] {
        var state = UInt64(edition)
        for byte in key.bytes { state = DemoRandom.mixed(state ^ UInt64(byte)) }
        var body: [UInt8] = []
        body.reserveCapacity(bytes + 8)
        while body.count < bytes {
            state = DemoRandom.mixed(state)
            withUnsafeBytes(of: state) { body.append(contentsOf: $0) }
        }
        body.removeLast(body.count - bytes)
        return body
    }
}

/// SplitMix64's step. <https://prng.di.unimi.it/splitmix64.c>
enum DemoRandom {
    static func mixed(_ value: UInt64) -> UInt64 {
        var mixed = value &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
