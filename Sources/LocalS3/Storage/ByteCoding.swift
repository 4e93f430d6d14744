/// Appends little-endian integers and length-prefixed bytes: the one encoding of every file in the folder.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    mutating func append<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(raw: some Collection<UInt8>) { bytes.append(contentsOf: raw) }

    mutating func append(_ value: [UInt8]) {
        append(UInt32(value.count))
        bytes.append(contentsOf: value)
    }

    mutating func append(_ value: String) {
        var value = value
        value.withUTF8 {
            append(UInt32($0.count))
            bytes.append(contentsOf: $0)
        }
    }

    /// A field: its tag, the length of what `body` appends, and that. Readers skip the tags they do not know.
    mutating func field(_ tag: UInt8, _ body: (inout ByteWriter) -> Void) {
        append(tag)
        let start = bytes.count
        append(UInt32(0))
        body(&self)
        let length = UInt32(bytes.count - start - 4)
        withUnsafeBytes(of: length.littleEndian) {
            for index in 0..<4 { bytes[start + index] = $0[index] }
        }
    }
}

/// Reads what ``ByteWriter`` wrote. Every read is checked: nil means the bytes are damaged.
struct ByteReader {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    var isAtEnd: Bool { position >= bytes.endIndex }

    /// What has not been read yet.
    var rest: ArraySlice<UInt8> { bytes[position...] }

    mutating func integer<Value: FixedWidthInteger>(_: Value.Type = Value.self) -> Value? {
        guard let raw = raw(MemoryLayout<Value>.size) else { return nil }
        return raw.withUnsafeBytes { Value(littleEndian: $0.loadUnaligned(as: Value.self)) }
    }

    mutating func raw(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, bytes.endIndex - position >= count else { return nil }
        defer { position += count }
        return bytes[position..<position + count]
    }

    mutating func prefixed() -> ArraySlice<UInt8>? {
        guard let count: UInt32 = integer() else { return nil }
        return raw(Int(count))
    }

    mutating func string() -> String? { prefixed().map { String(decoding: $0, as: UTF8.self) } }

    /// The next field's tag and content.
    mutating func field() -> (tag: UInt8, content: ByteReader)? {
        guard let tag: UInt8 = integer(), let content = prefixed() else { return nil }
        return (tag, ByteReader(content))
    }
}
