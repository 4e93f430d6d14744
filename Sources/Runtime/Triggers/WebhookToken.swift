import Signing

/// What a sender of events shows to be let in: the one line of a file that is made at the first start.
public struct WebhookToken: Sendable {
    private let text: String

    init(_ text: String) { self.text = text }

    /// - Throws: ``StateError`` of kind `.unusable`, which never shows the file's text.
    public static func load(path: String) throws(StateError) -> WebhookToken {
        guard let bytes = try SecretFile.read(path) else {
            let text = SecretFile.random(
                40, of: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
            try SecretFile.make(path, text + "\n")
            return WebhookToken(text)
        }
        let text = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
        guard text.utf8.count >= 16 else {
            throw StateError(
                .unusable,
                "\(path) holds no token of at least 16 characters; move it away for a new one")
        }
        return WebhookToken(text)
    }

    /// `Authorization: Bearer TOKEN`, `Authorization: TOKEN`, the password of basic authentication, or `?token=TOKEN` for those
    /// who can set no header.
    func admits(_ head: APIRequest) -> Bool {
        if let header = head.header("authorization") {
            let words = header.split(separator: " ")
            switch words.count {
            case 1: return isToken(String(words[0]))
            case 2 where words[0].lowercased() == "bearer": return isToken(String(words[1]))
            case 2 where words[0].lowercased() == "basic":
                guard let pair = Base64.decode(String(words[1])),
                    let colon = pair.firstIndex(of: UInt8(ascii: ":"))
                else { return false }
                return isToken(String(decoding: pair[(colon + 1)...], as: UTF8.self))
            default: return false
            }
        }
        return head.query.queryParameters.contains {
            $0.name == "token" && LambdaCall.decoded($0.value).map(isToken) ?? false
        }
    }

    private func isToken(_ given: String) -> Bool { RequestSigner.isSame(given, text) }
}
