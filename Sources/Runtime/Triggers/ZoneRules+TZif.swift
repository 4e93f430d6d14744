extension ZoneRules {
    /// Reads a TZif file of version 1 to 4. nil when it is none, is cut off, or counts leap seconds, which Unix time does not.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc8536>
    init?(tzif bytes: [UInt8], description: String) {
        guard let first = TZifHeader(bytes, at: 0, timeBytes: 4) else { return nil }
        guard first.version >= UInt8(ascii: "2") else {
            self.init(bytes, first, rule: nil, description: description)
            return
        }
        // The same once more, with times of eight bytes; then a line with the rule for what comes after the table.
        guard let second = TZifHeader(bytes, at: first.end, timeBytes: 8),
            let footer = Self.footer(bytes, from: second.end)
        else { return nil }
        var rule: POSIXZone?
        if !footer.isEmpty {
            guard let parsed = POSIXZone(footer) else { return nil }
            rule = parsed
        }
        self.init(bytes, second, rule: rule, description: description)
    }

    private init?(_ bytes: [UInt8], _ header: TZifHeader, rule: POSIXZone?, description: String) {
        guard let offsets = header.offsets(bytes), let moments = header.moments(bytes) else {
            return nil
        }
        var changes: [Change] = []
        for (index, moment) in moments.enumerated() {
            let type = Int(bytes[header.indicesStart + index])
            guard type < offsets.count, changes.last.map({ $0.moment < moment }) ?? true else {
                return nil
            }
            changes.append(Change(moment: moment, offset: offsets[type]))
        }
        self.init(
            description: description, firstOffset: offsets[0], changes: changes, rule: rule)
    }

    /// Between two line ends.
    private static func footer(_ bytes: [UInt8], from start: Int) -> [UInt8]? {
        guard start < bytes.count, bytes[start] == UInt8(ascii: "\n"),
            let end = bytes[(start + 1)...].firstIndex(of: UInt8(ascii: "\n"))
        else { return nil }
        return Array(bytes[start + 1..<end])
    }
}

/// The head of one of a file's two tables, and where its parts begin.
private struct TZifHeader {
    let version: UInt8
    let momentsStart: Int
    let indicesStart: Int
    let typesStart: Int
    let end: Int
    private let timeBytes: Int
    private let momentCount: Int
    private let typeCount: Int

    private static let length = 44

    /// nil unless all of the table lies within the bytes.
    init?(_ bytes: [UInt8], at start: Int, timeBytes: Int) {
        guard bytes.count - start >= Self.length,
            bytes[start..<start + 4].elementsEqual("TZif".utf8)
        else { return nil }
        // Each is below 2^32, so that no sum of their products is too great for an Int.
        let counts = (0..<6).map {
            Int(Self.integer(bytes, at: start + 20 + $0 * 4, count: 4) & 0xFFFF_FFFF)
        }
        let (utIndicators, standardIndicators, leapSeconds) = (counts[0], counts[1], counts[2])
        (momentCount, typeCount) = (counts[3], counts[4])
        self.timeBytes = timeBytes
        version = bytes[start + 4]
        momentsStart = start + Self.length
        indicesStart = momentsStart + momentCount * timeBytes
        typesStart = indicesStart + momentCount
        end = typesStart + typeCount * 6 + counts[5] + standardIndicators + utIndicators
        // The first table of a newer file may be empty, and then nobody reads it.
        guard leapSeconds == 0, end <= bytes.count else { return nil }
    }

    /// Of each type of local time; nil when there is none, or one that cannot be.
    func offsets(_ bytes: [UInt8]) -> [Int64]? {
        let offsets = (0..<typeCount).map {
            Int64(Int32(truncatingIfNeeded: Self.integer(bytes, at: typesStart + $0 * 6, count: 4)))
        }
        return !offsets.isEmpty && offsets.allSatisfy(ZoneRules.offsets.contains) ? offsets : nil
    }

    /// nil where one is so far away that a sum with it could overflow.
    func moments(_ bytes: [UInt8]) -> [Int64]? {
        let moments = (0..<momentCount).map { index in
            let value = Self.integer(bytes, at: momentsStart + index * timeBytes, count: timeBytes)
            return timeBytes == 4 ? Int64(Int32(truncatingIfNeeded: value)) : value
        }
        // Before the big bang, as some files have it: RFC 8536, appendix A.
        let sensible: ClosedRange<Int64> = -1 << 60...1 << 60
        return moments.allSatisfy(sensible.contains) ? moments : nil
    }

    private static func integer(_ bytes: [UInt8], at start: Int, count: Int) -> Int64 {
        Int64(bitPattern: bytes[start..<start + count].reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }
}
