/// HTTP header fields in the order they were added; names compare without regard to ASCII case.
public struct HTTPHeaders: Sendable, Equatable, ExpressibleByDictionaryLiteral, Sequence {
    public typealias Element = (name: String, value: String)
    private var fields: [Element] = []

    /// No fields.
    public init() {}

    /// The given fields in the given order; a name may occur more than once.
    public init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { (name: $0.0, value: $0.1) }
    }

    /// The number of fields, counting every occurrence of a name.
    public var count: Int { fields.count }

    /// Whether there is no field at all.
    public var isEmpty: Bool { fields.isEmpty }

    /// The first value of a field, or nil. Setting replaces every value, in the place of the first;
    /// setting nil removes every value.
    public subscript(name: String) -> String? {
        get {
            for field in fields where Self.isSameName(field.name, name) { return field.value }
            return nil
        }
        set {
            guard let newValue else {
                fields.removeAll { Self.isSameName($0.name, name) }
                return
            }
            guard let first = fields.firstIndex(where: { Self.isSameName($0.name, name) }) else {
                fields.append((name: name, value: newValue))
                return
            }
            fields[first] = (name: name, value: newValue)
            var index = fields.count - 1
            while index > first {
                if Self.isSameName(fields[index].name, name) { fields.remove(at: index) }
                index -= 1
            }
        }
    }

    /// Adds a field after the others, whether or not the name is already there.
    public mutating func append(_ name: String, _ value: String) {
        fields.append((name: name, value: value))
    }

    /// Makes room for this many fields in all.
    public mutating func reserveCapacity(_ count: Int) { fields.reserveCapacity(count) }

    /// Every value of a field, in order.
    public func values(of name: String) -> [String] {
        fields.filter { Self.isSameName($0.name, name) }.map(\.value)
    }

    public func makeIterator() -> IndexingIterator<[Element]> { fields.makeIterator() }

    /// The same fields in the same order; names without regard to ASCII case, values exactly.
    public static func == (left: HTTPHeaders, right: HTTPHeaders) -> Bool {
        left.fields.count == right.fields.count
            && zip(left.fields, right.fields).allSatisfy { a, b in
                isSameName(a.name, b.name) && a.value.utf8.elementsEqual(b.value.utf8)
            }
    }

    /// Whether two field names are equal without regard to ASCII case (RFC 9110, section 5.1).
    public static func isSameName(_ left: String, _ right: String) -> Bool {
        let left = left.utf8
        let right = right.utf8
        guard left.count == right.count else { return false }
        var other = right.makeIterator()
        for a in left {
            guard let b = other.next() else { return false }
            if a != b, lowercased(a) != lowercased(b) { return false }
        }
        return true
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }
}
