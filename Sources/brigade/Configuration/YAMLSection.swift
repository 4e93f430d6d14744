import Yams

/// One mapping of the file, read key by key. What is absent is nil; what is wrong is one error with its line, its
/// key and what would do.
struct YAMLSection {
    let reader: YAMLReader
    let node: Node
    let members: YAMLReader.Members
    /// How each message begins: "replication photos: ".
    let opening: String
    /// How its keys are named: "filter." or "".
    let path: String

    /// - Parameter instead: what is said of a key that people expect and that is not there.
    init(
        _ reader: YAMLReader, _ node: Node, opening: String, path: String = "", known: [String],
        instead: [String: String] = [:]
    ) throws(CommandFailure) {
        let what = path.isEmpty ? opening : opening + ": " + path.dropLast()
        (self.reader, self.node) = (reader, node)
        self.opening = opening + ": "
        self.path = path
        members = try reader.mapping(node, what)
        try reader.check(
            members, known: known,
            what: path.isEmpty ? "key of \(opening)" : "key of \(path.dropLast())",
            opening: path.isEmpty ? "" : self.opening, instead: instead)
    }

    func refused(_ key: String, _ problem: String, at node: Node? = nil) -> CommandFailure {
        reader.failure(
            node ?? members[key] ?? self.node, "\(opening)\(path)\(key) \(problem)")
    }

    /// A text that is not empty.
    func text(_ key: String) throws(CommandFailure) -> String? {
        guard let node = members[key] else { return nil }
        return try text(node, key, "must be a text")
    }

    func required(_ key: String, _ example: String) throws(CommandFailure) -> String {
        guard let text = try text(key) else {
            throw refused(key, "is missing; add \(key): \(example)")
        }
        return text
    }

    /// One text, or a list of them.
    func texts(_ key: String) throws(CommandFailure) -> [(text: String, node: Node)] {
        guard let node = members[key] else { return [] }
        let problem = "must be a text or a list of texts"
        guard let list = node.sequence else { return [(try text(node, key, problem), node)] }
        var found: [(text: String, node: Node)] = []
        for item in list { found.append((try text(item, key, problem), item)) }
        return found
    }

    /// A whole number in digits alone.
    func number(_ key: String, _ range: ClosedRange<Int>) throws(CommandFailure) -> Int? {
        guard let node = members[key] else { return nil }
        let text = node.scalar?.string ?? ""
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let value = Int(text), range.contains(value)
        else {
            let limits =
                range.upperBound == .max
                ? "a whole number from \(range.lowerBound)"
                : "a whole number from \(range.lowerBound) to \(range.upperBound)"
            throw refused(key, "must be \(limits)" + Self.not(node))
        }
        return value
    }

    func flag(_ key: String) throws(CommandFailure) -> Bool? {
        guard let node = members[key] else { return nil }
        switch node.scalar?.string {
        case "true": return true
        case "false": return false
        default: throw refused(key, "must be true or false" + Self.not(node))
        }
    }

    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, _: Choice.Type
    ) throws(CommandFailure) -> Choice? {
        guard let node = members[key] else { return nil }
        let text = node.scalar?.string ?? ""
        if let choice = Choice(rawValue: text) { return choice }
        let names = Choice.allCases.map(\.rawValue)
        let list = names.dropLast().joined(separator: ", ") + " or " + names.last!
        let hint = CommandLineAdvice.nearest(to: text, among: names)
        throw refused(
            key,
            "must be \(list)" + Self.not(node) + (hint.map { "; did you mean \"\($0)\"?" } ?? ""))
    }

    /// Bytes.
    func size(_ key: String) throws(CommandFailure) -> Int64? {
        guard let node = members[key] else { return nil }
        guard let size = node.scalar.flatMap({ ByteSize(argument: $0.string) }) else {
            throw refused(key, "must be a size, as in 64K or 1G" + Self.not(node))
        }
        return size.bytes
    }

    /// Longer spans of time mean nothing here, and overflow somewhere.
    private static let longest = TimeSpan(.seconds(36_500 * 86_400))

    func span(_ key: String) throws(CommandFailure) -> Duration? {
        guard let node = members[key] else { return nil }
        guard let span = node.scalar.flatMap({ TimeSpan(argument: $0.string) }),
            span.duration <= Self.longest.duration
        else {
            throw refused(
                key, "must be a time, as in 30s, 15m, 24h or 7d, at most 36500d" + Self.not(node))
        }
        return span.duration
    }

    private func text(
        _ node: Node, _ key: String, _ problem: String
    ) throws(CommandFailure) -> String {
        guard let text = node.scalar?.string, !text.isEmpty else {
            throw refused(key, problem, at: node)
        }
        return text
    }

    /// `, not "12x"`: on one line, and not for long.
    static func not(_ node: Node?) -> String {
        guard let text = node?.scalar?.string, !text.isEmpty else { return "" }
        return ", not " + quoted(text)
    }

    static func quoted(_ text: String) -> String {
        let shown = text.unicodeScalars.prefix(40)
            .map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? " " : String($0) }.joined()
        return "\"" + shown + (text.unicodeScalars.count > 40 ? "…" : "") + "\""
    }
}
