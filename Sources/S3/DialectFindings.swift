/// What a probe found: the dialect, and each finding with the store's own words.
public struct DialectFindings: Sendable, Codable {
    /// One thing that was asked of the store.
    public struct Finding: Sendable, Codable, Equatable {
        /// "conditional PUT", "key with //".
        public var name: String
        public var support: Dialect.Support
        /// What came of it: a value ("MD5 of the whole"), or the store's refusal.
        public var answer: String

        public init(name: String, support: Dialect.Support, answer: String) {
            self.name = name
            self.support = support
            self.answer = answer
        }
    }

    /// The widest line of the table.
    static let columns = 100

    public var dialect: Dialect
    public var findings: [Finding]
    /// Keys of the probe's that could not be deleted again; empty as a rule.
    public var leftovers: [ObjectKey]

    public init(
        dialect: Dialect = .init(), findings: [Finding] = [], leftovers: [ObjectKey] = []
    ) {
        self.dialect = dialect
        self.findings = findings
        self.leftovers = leftovers
    }

    public subscript(_ name: String) -> Finding? { findings.first { $0.name == name } }

    /// For people: one line a finding, in columns. What a store says at length is cut; the JSON has all of it.
    public var table: String {
        let width = findings.map { $0.name.unicodeScalars.count }.max() ?? 0
        return findings.map { finding in
            let name =
                finding.name
                + String(repeating: " ", count: width - finding.name.unicodeScalars.count)
            let support =
                switch finding.support {
                case .yes: "yes    "
                case .no: "no     "
                case .unknown: "unknown"
                }
            guard !finding.answer.isEmpty else { return name + "  " + support }
            let room = Self.columns - width - 11
            let answer =
                finding.answer.count <= room
                ? finding.answer : finding.answer.prefix(room - 1) + "…"
            return name + "  " + support + "  " + answer
        }.joined(separator: "\n")
    }
}
