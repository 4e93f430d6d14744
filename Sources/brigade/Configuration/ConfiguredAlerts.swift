/// `alerts` in brigade.yaml: to whom it is told when something needs a person.
struct ConfiguredAlerts: Sendable, Equatable {
    /// Where the bearer token is kept.
    enum Token: Sendable, Equatable {
        /// A variable's name.
        case environment(String)
        /// A file of one line.
        case file(String)
    }

    /// http or https, without a user and a password. Its path may itself be a secret, as chat services have it: messages
    /// do not repeat it.
    var webhook: String
    /// Nil: the webhook is called without.
    var token: Token?
    /// "brigade.yaml line 30".
    var origin: String

    /// The token itself, looked up now; nil when none is named.
    ///
    /// - Throws: ``CommandFailure`` with the status `usage`, which never holds the token.
    func readToken(_ environment: [String: String]) throws(CommandFailure) -> String? {
        switch token {
        case nil: return nil
        case .environment(let name):
            guard let text = environment[name], !text.isEmpty else {
                throw CommandFailure(
                    .usage, "the token of alerts is missing: \(name) is not set",
                    advice: "\(origin) says token: { environment: \(name) }.")
            }
            return try checked(text, "\(name) holds no token")
        case .file(let path):
            switch FileText.read(path, limitBytes: 1 << 16) {
            case .missing:
                throw CommandFailure(
                    .usage, "the token of alerts is missing: there is no file \(path)",
                    advice: "\(origin) says token: { file: \(path) }.")
            case .unreadable(let reason):
                throw CommandFailure(
                    .usage, "cannot read the token of alerts in \(path): \(reason)")
            case .text(let text):
                let line = text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }
                return try checked(String(line.reversed()), "\(path) holds no token")
            }
        }
    }

    /// It becomes a header's value.
    private func checked(_ text: String, _ problem: String) throws(CommandFailure) -> String {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw CommandFailure(
                .usage, problem,
                advice: "It should hold one line of printable ASCII characters, without spaces.")
        }
        return text
    }
}
