import Signing

/// A name and a value: a header as it was given, or a tag.
struct NamedValue: Sendable, Equatable {
    let name: String
    let value: String

    init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A checksum kept with an object or a part.
struct StoredChecksum: Sendable, Equatable {
    let algorithm: ChecksumAlgorithm
    /// Big-endian; of the whole object, or of the concatenated part checksums when `isComposite`.
    let value: [UInt8]
    let isComposite: Bool
}

/// One part of a multipart object, as the client sent it.
struct PartRecord: Sendable, Equatable {
    let number: Int
    let size: Int64
    let checksum: [UInt8]
}

/// Where an object's bytes lie when they are not in its own file: files of `multipart/<set>`, in this order.
struct SegmentList: Sendable, Equatable {
    struct Segment: Sendable, Equatable {
        /// The file's name in the set's directory.
        let number: Int
        let length: Int64
    }
    let set: String
    let segments: [Segment]
}

/// All that is kept about one object (or one part, or one upload in progress) besides its bytes.
struct ObjectRecord: Sendable, Equatable {
    /// 1...1,024 bytes, any of them.
    var key: [UInt8]
    var size: Int64 = 0
    var modifiedMilliseconds: Int64 = 0
    var etag = ETag(md5: [UInt8](repeating: 0, count: 16), parts: 0)
    /// System headers with lower-case names, values as given.
    var headers: [NamedValue] = []
    /// User metadata: lower-case names with their `x-amz-meta-`, values as given.
    var metadata: [NamedValue] = []
    var tags: [NamedValue] = []
    var storageClass = StorageClass.standard
    var checksum: StoredChecksum?
    /// Empty unless the object was made by a multipart upload.
    var parts: [PartRecord] = []
    var segments: SegmentList?
    /// Of the bytes in its own file: see ``DataFile``.
    var sums: [UInt8] = []
    /// nil for what was written before its bucket had versions: then it is the "null" version.
    var version: VersionID?
    /// A version that says that the key is gone; it has no bytes.
    var isDeleteMarker = false
    var retention: Retention?
    /// The legal hold; nil when it was never set.
    var isHeld: Bool?

    /// Also of what was written before its bucket had versions: no version of its key can be older.
    var versionID: VersionID {
        version ?? VersionID(number: UInt64(max(0, modifiedMilliseconds)) * 1_000, salt: 0)
    }

    init(key: [UInt8]) { self.key = key }
}

extension ObjectRecord {
    private enum Tag: UInt8 {
        case key = 1
        case size, modified, etag, header, metadata, tag, storageClass, checksum, part, segments
        case version, deleteMarker, retention, legalHold, sums
    }

    func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: 256 + key.count + 24 * parts.count)
        writer.field(Tag.key.rawValue) { $0.append(raw: key) }
        writer.field(Tag.size.rawValue) { $0.append(size) }
        writer.field(Tag.modified.rawValue) { $0.append(modifiedMilliseconds) }
        writer.field(Tag.etag.rawValue) { etag.encode(into: &$0) }
        for (tag, values) in [(Tag.header, headers), (.metadata, metadata), (.tag, tags)] {
            for pair in values {
                writer.field(tag.rawValue) {
                    $0.append(pair.name)
                    $0.append(pair.value)
                }
            }
        }
        if storageClass != .standard {
            writer.field(Tag.storageClass.rawValue) { $0.append(storageClass.rawValue) }
        }
        if let checksum {
            writer.field(Tag.checksum.rawValue) {
                $0.append(ChecksumCode.code(of: checksum.algorithm))
                $0.append(UInt8(checksum.isComposite ? 1 : 0))
                $0.append(checksum.value)
            }
        }
        for part in parts {
            writer.field(Tag.part.rawValue) {
                $0.append(UInt32(part.number))
                $0.append(part.size)
                $0.append(part.checksum)
            }
        }
        if let segments {
            writer.field(Tag.segments.rawValue) {
                $0.append(segments.set)
                for segment in segments.segments {
                    $0.append(UInt32(segment.number))
                    $0.append(segment.length)
                }
            }
        }
        if let version {
            writer.field(Tag.version.rawValue) {
                $0.append(version.number)
                $0.append(version.salt)
            }
        }
        if isDeleteMarker { writer.field(Tag.deleteMarker.rawValue) { _ in } }
        if let retention {
            writer.field(Tag.retention.rawValue) {
                $0.append(retention.mode.rawValue)
                $0.append(retention.untilMilliseconds)
            }
        }
        if let isHeld { writer.field(Tag.legalHold.rawValue) { $0.append(UInt8(isHeld ? 1 : 0)) } }
        if !sums.isEmpty { writer.field(Tag.sums.rawValue) { $0.append(raw: sums) } }
        return writer.bytes
    }

    /// nil when the bytes are no record.
    init?(encoded: ArraySlice<UInt8>) {
        var reader = ByteReader(encoded)
        self.init(key: [])
        while !reader.isAtEnd {
            guard let (tag, field) = reader.field() else { return nil }
            var content = field
            guard let known = Tag(rawValue: tag) else { continue }
            guard decode(known, &content) else { return nil }
        }
        guard !key.isEmpty else { return nil }
    }

    private mutating func decode(_ tag: Tag, _ content: inout ByteReader) -> Bool {
        switch tag {
        case .key:
            key = Array(content.rest)
        case .size:
            guard let value: Int64 = content.integer() else { return false }
            size = value
        case .modified:
            guard let value: Int64 = content.integer() else { return false }
            modifiedMilliseconds = value
        case .etag:
            guard let value = ETag(from: &content) else { return false }
            etag = value
        case .header, .metadata, .tag:
            guard let name = content.string(), let value = content.string() else { return false }
            let pair = NamedValue(name, value)
            switch tag {
            case .header: headers.append(pair)
            case .metadata: metadata.append(pair)
            default: tags.append(pair)
            }
        case .storageClass:
            guard let raw: UInt8 = content.integer(), let value = StorageClass(rawValue: raw) else {
                return false
            }
            storageClass = value
        case .checksum:
            guard let code: UInt8 = content.integer(), let kind: UInt8 = content.integer(),
                let algorithm = ChecksumCode.algorithm(of: code), let value = content.prefixed()
            else { return false }
            checksum = StoredChecksum(
                algorithm: algorithm, value: Array(value), isComposite: kind == 1)
        case .part:
            guard let number: UInt32 = content.integer(), let size: Int64 = content.integer(),
                let value = content.prefixed()
            else { return false }
            parts.append(PartRecord(number: Int(number), size: size, checksum: Array(value)))
        case .segments:
            guard let set = content.string() else { return false }
            var list: [SegmentList.Segment] = []
            while !content.isAtEnd {
                guard let number: UInt32 = content.integer(), let length: Int64 = content.integer()
                else { return false }
                list.append(SegmentList.Segment(number: Int(number), length: length))
            }
            segments = SegmentList(set: set, segments: list)
        case .version:
            guard let number: UInt64 = content.integer(), let salt: UInt64 = content.integer()
            else { return false }
            version = VersionID(number: number, salt: salt)
        case .deleteMarker:
            isDeleteMarker = true
        case .retention:
            guard let raw: UInt8 = content.integer(), let mode = RetentionMode(rawValue: raw),
                let until: Int64 = content.integer()
            else { return false }
            retention = Retention(mode: mode, untilMilliseconds: until)
        case .legalHold:
            guard let raw: UInt8 = content.integer() else { return false }
            isHeld = raw == 1
        case .sums:
            sums = Array(content.rest)
        }
        return true
    }
}
