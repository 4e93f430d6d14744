import LocalS3

/// The key pair that an embedded endpoint takes.
struct LocalS3Keys {
    var pair: LocalS3AccessKey
    /// For this run, because none was given.
    var isMade: Bool

    static let accessVariable = "BRIGADE_ACCESS_KEY"
    static let secretVariable = "BRIGADE_SECRET_KEY"

    /// - Throws: ``CommandFailure`` when only half of a pair is given.
    static func find(_ environment: [String: String]) throws(CommandFailure) -> LocalS3Keys {
        let access = environment[accessVariable] ?? ""
        let secret = environment[secretVariable] ?? ""
        guard access.isEmpty == secret.isEmpty else {
            let missing = access.isEmpty ? accessVariable : secretVariable
            throw CommandFailure(
                .usage, "half a key pair: \(missing) is not set",
                advice: "Set both \(accessVariable) and \(secretVariable), or none.")
        }
        guard !access.isEmpty else { return LocalS3Keys(pair: make(), isMade: true) }
        guard isAccessKey(access) else {
            throw CommandFailure(.usage, "\(accessVariable) is no access key", advice: accessAdvice)
        }
        return LocalS3Keys(
            pair: LocalS3AccessKey(accessKeyID: access, secretAccessKey: secret), isMade: false)
    }

    static let accessAdvice = "It may hold printable ASCII characters without blanks, '/' and ','."

    /// A slash ends the key in a signature's scope.
    static func isAccessKey(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x2F && $0 != 0x2C }
    }

    /// Letters and digits alone, so that nothing in them needs escaping in a URL.
    static func make() -> LocalS3AccessKey {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        let all = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        func random(_ count: Int, of characters: [Character]) -> String {
            String((0..<count).map { _ in characters.randomElement()! })
        }
        return LocalS3AccessKey(
            accessKeyID: "BRGD" + random(16, of: letters), secretAccessKey: random(40, of: all))
    }
}
