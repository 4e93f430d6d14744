import Runtime

/// A rate card by its name, or from a user's own file.
enum RateCardFile {
    /// - Parameter name: of a known card; or a path: what has a slash or ends in ".json". Nil: ``RateCard/notes``.
    /// - Throws: ``CommandFailure`` with the status `usage`.
    static func card(_ name: String?) throws(CommandFailure) -> RateCard {
        guard let name else { return .notes }
        if isPath(name) { return try read(name) }
        if let card = RateCard.named(name) { return card }
        let names = RateCard.all.map(\.name)
        let hint =
            CommandLineAdvice.nearest(to: name, among: names).map { "; did you mean \"\($0)\"?" }
            ?? ""
        throw CommandFailure(
            .usage, "there is no rate card \"\(name)\"" + hint,
            advice: "Known: \(names.joined(separator: ", ")), or a file of your own: ./mine.json.")
    }

    static func isPath(_ name: String) -> Bool { name.contains("/") || name.hasSuffix(".json") }

    private static func read(_ path: String) throws(CommandFailure) -> RateCard {
        switch FileText.read(path, limitBytes: 1 << 20) {
        case .missing:
            throw CommandFailure(.usage, "there is no rate card file \(path)")
        case .unreadable(let reason):
            throw CommandFailure(.usage, "cannot read the rate card \(path): \(reason)")
        case .text(let text):
            do {
                return try RateCard(json: Array(text.utf8))
            } catch {
                throw CommandFailure(
                    .usage, "cannot use the rate card \(path): \(error.message)",
                    advice: "Its form is described in Sources/Runtime/Billing/RATES.md.")
            }
        }
    }
}
