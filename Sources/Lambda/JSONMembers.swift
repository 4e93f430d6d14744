/// The members of one object, by name. Names are compared where they lie: most are never asked for.
struct JSONMembers {
    private struct Entry {
        /// Without its quotes.
        var name: Range<Int>
        var isEscaped: Bool
        var value: JSONView
    }

    /// Members of one object that are looked at; no event has a tenth of them.
    static let most = 256
    static let none = JSONMembers([])

    private let bytes: [UInt8]
    private var entries: [Entry] = []

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isEmpty: Bool { entries.isEmpty }

    /// - Parameter name: with its quotes.
    mutating func add(name: Range<Int>, value: JSONView) {
        guard entries.count < Self.most else { return }
        let name = name.lowerBound + 1..<name.upperBound - 1
        entries.append(
            Entry(
                name: name, isEscaped: bytes[name].contains(UInt8(ascii: "\\")), value: value))
    }

    /// Of a name that stands twice the first.
    subscript(_ name: String) -> JSONView? {
        let wanted = name.utf8
        return entries.first { entry in
            if entry.isEscaped { return text(of: entry) == name }
            return entry.name.count == wanted.count && bytes[entry.name].elementsEqual(wanted)
        }?.value
    }

    /// The strings among the values.
    var texts: [String: String] {
        var texts: [String: String] = [:]
        for entry in entries {
            guard let name = text(of: entry), texts[name] == nil else { continue }
            texts[name] = entry.value.text
        }
        return texts
    }

    private func text(of entry: Entry) -> String? {
        JSONView.string(bytes[entry.name]).map { String(decoding: $0, as: UTF8.self) }
    }
}
