#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What Signature V4 hashes of a request, built in one buffer.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#create-canonical-request>
struct CanonicalRequest {
    private(set) var bytes: [UInt8] = []
    /// Where "host;x-amz-date" stands in `bytes`.
    private(set) var signedHeaders: Range<Int> = 0..<0

    /// - Parameters:
    ///   - path: as it goes into the canonical request: see ``CanonicalPath``.
    ///   - query: encoded; sorted here.
    ///   - headers: any case and order; lower-cased, joined and sorted here.
    init(
        method: String, path: String, query: [(name: String, value: String)],
        headers: [(name: String, value: String)], payload: String
    ) {
        bytes.reserveCapacity(1024)
        bytes.append(contentsOf: method.utf8)
        bytes.append(0x0A)
        bytes.append(contentsOf: path.utf8)
        bytes.append(0x0A)
        appendQuery(query)
        bytes.append(0x0A)
        appendHeaders(headers)
        bytes.append(0x0A)
        bytes.append(contentsOf: payload.utf8)
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }
    var signedHeaderNames: String { String(decoding: bytes[signedHeaders], as: UTF8.self) }
    var digest: SHA256Digest { SHA256Digest(of: bytes) }

    private mutating func appendQuery(_ query: [(name: String, value: String)]) {
        guard !query.isEmpty else { return }
        // By the bytes of the encoded name, then of the value; Swift's own order of strings is another.
        let sorted =
            query.count == 1
            ? query
            : query.sorted { a, b in
                a.name == b.name
                    ? a.value.utf8.lexicographicallyPrecedes(b.value.utf8)
                    : a.name.utf8.lexicographicallyPrecedes(b.name.utf8)
            }
        for (index, parameter) in sorted.enumerated() {
            if index > 0 { bytes.append(0x26) }
            bytes.append(contentsOf: parameter.name.utf8)
            bytes.append(0x3D)
            bytes.append(contentsOf: parameter.value.utf8)
        }
    }

    private struct Field {
        /// Where the lower-case name stands in `names`.
        let name: Range<Int>
        /// Index into the headers.
        let header: Int
    }

    private mutating func appendHeaders(_ headers: [(name: String, value: String)]) {
        var names: [UInt8] = []
        names.reserveCapacity(32 * headers.count)
        var fields: [Field] = []
        fields.reserveCapacity(headers.count)
        for index in headers.indices {
            let start = names.count
            for byte in headers[index].name.utf8 {
                names.append(byte &- 0x41 < 26 ? byte | 0x20 : byte)
            }
            fields.append(Field(name: start..<names.count, header: index))
        }
        names.withUnsafeBytes { names in Self.sort(&fields, names) }
        var previous: Range<Int>?
        for field in fields {
            let name = names[field.name]
            if let previous, names[previous] == name {
                bytes[bytes.count - 1] = 0x2C
            } else {
                bytes.append(contentsOf: name)
                bytes.append(0x3A)
            }
            appendTrimmed(headers[field.header].value)
            bytes.append(0x0A)
            previous = field.name
        }
        bytes.append(0x0A)
        let start = bytes.count
        previous = nil
        for field in fields {
            let name = names[field.name]
            if let previous, names[previous] == name { continue }
            if previous != nil { bytes.append(0x3B) }
            bytes.append(contentsOf: name)
            previous = field.name
        }
        signedHeaders = start..<bytes.count
    }

    /// Insertion sort: there are about five, and it keeps fields of one name in their order.
    private static func sort(_ fields: inout [Field], _ names: UnsafeRawBufferPointer) {
        for index in fields.indices.dropFirst() {
            let field = fields[index]
            var to = index
            while to > 0, precedes(field.name, fields[to - 1].name, names) {
                fields[to] = fields[to - 1]
                to -= 1
            }
            fields[to] = field
        }
    }

    private static func precedes(
        _ a: Range<Int>, _ b: Range<Int>, _ names: UnsafeRawBufferPointer
    ) -> Bool {
        guard let base = names.baseAddress else { return false }
        let order = memcmp(base + a.lowerBound, base + b.lowerBound, min(a.count, b.count))
        return order < 0 || (order == 0 && a.count < b.count)
    }

    /// Without white space at the ends, and one space for each run of it inside.
    private mutating func appendTrimmed(_ value: String) {
        var value = value
        value.withUTF8 { text in
            // Most values have no white space at all.
            guard text.contains(where: Self.isSpace) else {
                bytes.append(contentsOf: text)
                return
            }
            let start = bytes.count
            var isAfterSpace = false
            for byte in text {
                if Self.isSpace(byte) {
                    isAfterSpace = bytes.count > start
                } else {
                    if isAfterSpace {
                        bytes.append(0x20)
                        isAfterSpace = false
                    }
                    bytes.append(byte)
                }
            }
        }
    }

    @inline(__always)
    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (byte >= 0x09 && byte <= 0x0D)
    }
}
