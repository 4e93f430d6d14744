/// One field of ``HTTPHeaders``, looked at where it lies. Never kept.
public struct HTTPField {
    let nameBytes: UnsafeRawBufferPointer
    let valueBytes: UnsafeRawBufferPointer

    init(_ block: UnsafeRawBufferPointer, _ mark: HTTPHeaders.Mark) {
        nameBytes = UnsafeRawBufferPointer(rebasing: block[mark.start..<mark.value])
        valueBytes = UnsafeRawBufferPointer(
            rebasing: block[mark.value..<(mark.value + mark.valueBytes)])
    }

    public var name: String { Self.text(nameBytes) }

    public var value: String { Self.text(valueBytes) }

    /// A number without sign, space or anything else around it; nil for all other values.
    public var number: Int64? {
        var number: Int64 = 0
        for byte in valueBytes {
            let (product, isTooLarge) = number.multipliedReportingOverflow(by: 10)
            let (sum, isLarger) = product.addingReportingOverflow(Int64(byte &- 0x30))
            if byte &- 0x30 >= 10 || isTooLarge || isLarger { return nil }
            number = sum
        }
        return valueBytes.isEmpty ? nil : number
    }

    /// Whether this is the field of that name, which is given in lower case.
    public func isNamed(_ name: StaticString) -> Bool {
        isNamed(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }

    /// Whether this is one of the value's words between commas; given in lower case.
    func hasToken(_ token: StaticString) -> Bool {
        let token = UnsafeRawBufferPointer(start: token.utf8Start, count: token.utf8CodeUnitCount)
        return valueBytes.split(separator: UInt8(ascii: ",")).contains { part in
            var part = UnsafeRawBufferPointer(rebasing: part)[...]
            while part.first == 0x20 || part.first == 0x09 { part = part.dropFirst() }
            while part.last == 0x20 || part.last == 0x09 { part = part.dropLast() }
            return Self.isSame(UnsafeRawBufferPointer(rebasing: part), token)
        }
    }

    /// What follows a prefix of the name, in lower case; nil when it starts otherwise. `prefix` is in lower case.
    public func name(after prefix: StaticString) -> String? {
        let count = prefix.utf8CodeUnitCount
        guard nameBytes.count >= count,
            Self.isSame(
                UnsafeRawBufferPointer(rebasing: nameBytes[..<count]),
                UnsafeRawBufferPointer(start: prefix.utf8Start, count: count))
        else { return nil }
        return Self.text(UnsafeRawBufferPointer(rebasing: nameBytes[count...])).lowercased()
    }

    /// A pattern of `switch`.
    public static func ~= (name: StaticString, field: HTTPField) -> Bool { field.isNamed(name) }

    func isNamed(_ name: String) -> Bool {
        var name = name
        return name.withUTF8 { isNamed(UnsafeRawBufferPointer($0)) }
    }

    func isNamed(_ name: UnsafeRawBufferPointer) -> Bool { Self.isSame(nameBytes, name) }

    static func isSame(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        for index in 0..<left.count where left[index] != right[index] {
            if lowercased(left[index]) != lowercased(right[index]) { return false }
        }
        return true
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }

    /// UTF-8, else ISO 8859-1, in which every byte is the character of the same number.
    private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        if bytes.allSatisfy({ $0 < 0x80 }) { return String(decoding: bytes, as: UTF8.self) }
        return String(validating: bytes, as: UTF8.self)
            ?? String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }
}
