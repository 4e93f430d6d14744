/// HTTP header fields in the order they were added; names compare without regard to ASCII case.
///
/// Names and values lie one after the other in one block of bytes: a field costs no memory of its own, and a text is
/// made only of what is asked for. Values that are not UTF-8 are read as ISO 8859-1.
public struct HTTPHeaders: Sendable, Equatable, ExpressibleByDictionaryLiteral, Sequence {
    public typealias Element = (name: String, value: String)

    /// Where a field lies in the block: its value follows its name.
    struct Mark {
        var start: Int
        var nameBytes: Int
        var valueBytes: Int
        var value: Int { start + nameBytes }
    }

    private(set) var bytes: [UInt8] = []
    private(set) var marks: [Mark] = []

    /// No fields.
    public init() {}

    /// The given fields in the given order; a name may occur more than once.
    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { append(name, value) }
    }

    /// The number of fields, counting every occurrence of a name.
    public var count: Int { marks.count }

    /// Whether there is no field at all.
    public var isEmpty: Bool { marks.isEmpty }

    /// The first value of a field, or nil. Setting replaces every value, in the place of the first;
    /// setting nil removes every value.
    public subscript(name: String) -> String? {
        get {
            bytes.withUnsafeBytes { block in
                for mark in marks where mark.nameBytes == name.utf8.count {
                    let field = HTTPField(block, mark)
                    if field.isNamed(name) { return field.value }
                }
                return nil
            }
        }
        set {
            var isSet = false
            var result = HTTPHeaders()
            for field in self {
                guard Self.isSameName(field.name, name) else {
                    result.append(field.name, field.value)
                    continue
                }
                if let newValue, !isSet { result.append(name, newValue) }
                isSet = true
            }
            if let newValue, !isSet { result.append(name, newValue) }
            self = result
        }
    }

    /// Adds a field after the others, whether or not the name is already there.
    public mutating func append(_ name: String, _ value: String) {
        var name = name
        var value = value
        name.withUTF8 { name in
            value.withUTF8 { value in
                append(UnsafeRawBufferPointer(name), UnsafeRawBufferPointer(value))
            }
        }
    }

    /// Adds a field as it came from the network.
    mutating func append(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        marks.append(
            Mark(start: bytes.count, nameBytes: name.count, valueBytes: value.count))
        bytes.append(contentsOf: name)
        bytes.append(contentsOf: value)
    }

    /// An obsolete folded line goes on with the value before it.
    mutating func extendLast(_ value: UnsafeRawBufferPointer) {
        guard !marks.isEmpty else { return }
        bytes.append(0x20)
        bytes.append(contentsOf: value)
        marks[marks.count - 1].valueBytes += 1 + value.count
    }

    /// Makes room for this many fields and bytes of names and values in all.
    public mutating func reserveCapacity(_ count: Int, bytes byteCount: Int = 0) {
        marks.reserveCapacity(count)
        bytes.reserveCapacity(byteCount)
    }

    /// Every value of a field, in order.
    public func values(of name: String) -> [String] {
        var values: [String] = []
        forEachField { if $0.isNamed(name) { values.append($0.value) } }
        return values
    }

    public func makeIterator() -> AnyIterator<Element> {
        var index = 0
        return AnyIterator {
            guard index < marks.count else { return nil }
            defer { index += 1 }
            return bytes.withUnsafeBytes { block in
                let field = HTTPField(block, marks[index])
                return (name: field.name, value: field.value)
            }
        }
    }

    /// Looks at each field without making texts of it. A field is only valid within the call.
    public func forEachField(_ body: (HTTPField) -> Void) {
        bytes.withUnsafeBytes { block in
            for mark in marks { body(HTTPField(block, mark)) }
        }
    }

    /// The same fields in the same order; names without regard to ASCII case, values exactly.
    public static func == (left: HTTPHeaders, right: HTTPHeaders) -> Bool {
        left.count == right.count
            && zip(left, right).allSatisfy { a, b in
                isSameName(a.name, b.name) && a.value.utf8.elementsEqual(b.value.utf8)
            }
    }

    /// Whether two field names are equal without regard to ASCII case (RFC 9110, section 5.1).
    public static func isSameName(_ left: String, _ right: String) -> Bool {
        var left = left
        var right = right
        return left.withUTF8 { left in
            right.withUTF8 { right in
                HTTPField.isSame(UnsafeRawBufferPointer(left), UnsafeRawBufferPointer(right))
            }
        }
    }
}
