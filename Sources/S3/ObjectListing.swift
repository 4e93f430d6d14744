import Signing
import XML

/// The answer to ListObjects of either version, keys decoded by what the answer says of their encoding.
struct ObjectListing {
    var objects: [ListedObject] = []
    var commonPrefixes: [ObjectKey] = []
    var isTruncated = false
    var isEncoded = false
    var nextToken: String?
    var nextMarker: ObjectKey?
    /// Version 1 answers with the marker it was given.
    var hasMarker = false
    /// Why this cannot be believed, or nil.
    var problem: String?
    private var saysTruncated = false

    /// The last key or common prefix: where version 1 goes on.
    var lastKey: ObjectKey? {
        guard let key = objects.last?.key else { return commonPrefixes.last }
        guard let prefix = commonPrefixes.last else { return key }
        return max(key, prefix)
    }

    init(_ document: [UInt8]) throws(XMLError) {
        var scanner = XMLScanner(document)
        let root = try scanner.root("ListBucketResult")
        // Every object takes at least some 200 bytes.
        objects.reserveCapacity(min(1000, document.count / 200))
        var marker: [UInt8]?
        while let child = try scanner.nextChild(of: root) {
            if scanner.name(of: child, is: "Contents") {
                objects.append(try ListedObject(&scanner, child))
            } else if scanner.name(of: child, is: "CommonPrefixes") {
                while let inner = try scanner.nextChild(of: child) {
                    guard scanner.name(of: inner, is: "Prefix") else { continue }
                    commonPrefixes.append(ObjectKey(try scanner.bytes(of: inner)))
                }
            } else if scanner.name(of: child, is: "IsTruncated") {
                isTruncated = try scanner.bool(of: child)
                saysTruncated = true
            } else if scanner.name(of: child, is: "EncodingType") {
                isEncoded = try scanner.text(of: child, is: "url")
            } else if scanner.name(of: child, is: "NextContinuationToken") {
                let token = try scanner.string(of: child)
                nextToken = token.isEmpty ? nil : token
            } else if scanner.name(of: child, is: "NextMarker") {
                let bytes = try scanner.bytes(of: child)
                marker = bytes.isEmpty ? nil : bytes
            } else if scanner.name(of: child, is: "Marker") {
                hasMarker = true
            }
        }
        try scanner.finish()
        nextMarker = marker.map { ObjectKey($0) }
        if isEncoded { decode() }
        if !saysTruncated { problem = "the listing does not say whether it is complete" }
    }

    private mutating func decode() {
        for index in objects.indices {
            guard let key = ListingKey.decoded(objects[index].key.bytes) else {
                problem = "a key is not encoded as the listing says"
                return
            }
            if let key { objects[index].key = ObjectKey(key) }
        }
        for index in commonPrefixes.indices {
            guard let key = ListingKey.decoded(commonPrefixes[index].bytes) else {
                problem = "a prefix is not encoded as the listing says"
                return
            }
            if let key { commonPrefixes[index] = ObjectKey(key) }
        }
        if let marker = nextMarker {
            guard let key = ListingKey.decoded(marker.bytes) else {
                problem = "the marker is not encoded as the listing says"
                return
            }
            if let key { nextMarker = ObjectKey(key) }
        }
    }
}

enum ListingKey {
    /// The decoded bytes; `.some(nil)` when nothing in them is encoded; nil when the encoding is malformed.
    static func decoded(_ bytes: [UInt8]) -> [UInt8]?? {
        guard bytes.contains(where: { $0 == 0x25 || $0 == 0x2B }) else { return .some(nil) }
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case 0x2B:
                decoded.append(0x20)
                index += 1
            case 0x25:
                guard index + 2 < bytes.count, let high = digit(bytes[index + 1]),
                    let low = digit(bytes[index + 2])
                else { return nil }
                decoded.append(high << 4 | low)
                index += 3
            case let byte:
                decoded.append(byte)
                index += 1
            }
        }
        return .some(decoded)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}

extension ListedObject {
    /// Reads `Contents`, `Version` or `DeleteMarker`; what only versions have goes to `other`.
    init(
        _ scanner: inout XMLScanner, _ element: XMLScanner.Element,
        other: ((inout XMLScanner, XMLScanner.Element) throws(XMLError) -> Void)? = nil
    ) throws(XMLError) {
        self.init(key: ObjectKey([]), size: 0, eTag: ETag(""), lastModified: 0)
        var hasKey = false
        while let field = try scanner.nextChild(of: element) {
            if scanner.name(of: field, is: "Key") {
                key = ObjectKey(try scanner.bytes(of: field))
                hasKey = true
            } else if scanner.name(of: field, is: "LastModified") {
                let offset = scanner.position
                guard let time = ListingTime.milliseconds(try scanner.bytes(of: field)) else {
                    throw XMLError(.badText, offset: offset)
                }
                lastModified = time
            } else if scanner.name(of: field, is: "ETag") {
                eTag = ETag(bytes: try scanner.bytes(of: field))
            } else if scanner.name(of: field, is: "Size") {
                size = try scanner.int64(of: field)
            } else if scanner.name(of: field, is: "StorageClass") {
                let text = try scanner.string(of: field)
                storageClass = text.isEmpty ? nil : text
            } else {
                try other?(&scanner, field)
            }
        }
        guard hasKey, size >= 0 else {
            throw XMLError(.badText, offset: element.name.lowerBound)
        }
    }
}

enum ListingTime {
    /// "2009-10-12T17:50:30.000Z" as every store writes it; other forms of ISO 8601 the slower way.
    static func milliseconds(_ text: [UInt8]) -> Int64? {
        guard text.count == 24, text[4] == 0x2D, text[7] == 0x2D, text[10] == 0x54,
            text[13] == 0x3A, text[16] == 0x3A, text[19] == 0x2E, text[23] == 0x5A,
            let year = number(text, 0, 4), let month = number(text, 5, 2),
            let day = number(text, 8, 2), let hour = number(text, 11, 2),
            let minute = number(text, 14, 2), let second = number(text, 17, 2),
            let fraction = number(text, 20, 3), (1...12).contains(month), (1...31).contains(day),
            hour < 24, minute < 60, second < 60
        else {
            return Timestamps.parseISO8601Milliseconds(String(decoding: text, as: UTF8.self))
        }
        // Days from the civil calendar: <https://howardhinnant.github.io/date_algorithms.html>
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        return ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + fraction
    }

    private static func number(_ text: [UInt8], _ from: Int, _ count: Int) -> Int64? {
        var value: Int64 = 0
        for index in from..<(from + count) {
            let digit = text[index] &- 0x30
            guard digit < 10 else { return nil }
            value = value * 10 + Int64(digit)
        }
        return value
    }
}

extension ETag {
    /// As it stands in XML, references replaced.
    init(bytes: [UInt8]) {
        var text = bytes[...]
        while let first = text.first, first <= 0x20 { text.removeFirst() }
        while let last = text.last, last <= 0x20 { text.removeLast() }
        if text.count >= 2, text.first == 0x22, text.last == 0x22 {
            text = text.dropFirst().dropLast()
        }
        self.init(exactly: String(decoding: text, as: UTF8.self))
    }
}
