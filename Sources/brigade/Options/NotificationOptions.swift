import ArgumentParser
import Foundation
import LocalS3
import Signing

/// To whom an embedded endpoint tells what changes in its buckets.
struct NotificationOptions: ParsableArguments {
    static let tokenVariable = "BRIGADE_WEBHOOK_TOKEN"

    @Option(
        help: .init(
            "Send notifications there, as MinIO does; repeatable.", valueName: "[name=]url"))
    var webhook: [String] = []
    @Option(
        help: .init(
            "Tell a webhook what changes in this bucket; repeatable. Narrow it with"
                + " ?prefix=, suffix=, event= and webhook=.", valueName: "bucket"))
    var notify: [String] = []
    @Option(
        help: .init(
            "A file with the webhooks' bearer token (else \(Self.tokenVariable), or"
                + " \(Self.tokenVariable)_NAME for one of them).", valueName: "file"))
    var webhookToken: String?

    /// What `--webhook URL` is called.
    private static let firstName = "1"

    func webhooks(_ environment: [String: String]) throws(CommandFailure) -> [LocalS3Webhook] {
        var common = environment[Self.tokenVariable]
        if let webhookToken { common = try Self.token(in: webhookToken) }
        return webhook.map { text in
            let (name, url) = Self.split(text)
            let variable = "\(Self.tokenVariable)_" + name.uppercased().replacing("-", with: "_")
            return LocalS3Webhook(name: name, url: url, token: environment[variable] ?? common)
        }
    }

    /// `name=url`; a URL alone may have "=" in its query.
    private static func split(_ text: String) -> (name: String, url: String) {
        guard let equals = text.firstIndex(of: "="),
            text.firstRange(of: "://").map({ equals < $0.lowerBound }) ?? true
        else { return (firstName, text) }
        return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }

    private static func token(in path: String) throws(CommandFailure) -> String {
        do {
            let text = try String(contentsOf: URL(filePath: path), encoding: .utf8)
            let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
            let isPrintable = token.utf8.allSatisfy { (0x20...0x7E).contains($0) }
            if !token.isEmpty, isPrintable { return token }
        } catch {
            throw CommandFailure(
                .usage, "cannot read the token in \(path)",
                advice: "Name a file that this user may read with --webhook-token.")
        }
        throw CommandFailure(
            .usage, "\(path) holds no token",
            advice: "It should hold one line, of ASCII characters.")
    }

    func notifications() throws(CommandFailure) -> [LocalS3Notification] {
        var found: [LocalS3Notification] = []
        for text in notify { found.append(try notification(text)) }
        return found
    }

    /// `bucket?prefix=images/&event=s3:ObjectCreated:*`
    private func notification(_ text: String) throws(CommandFailure) -> LocalS3Notification {
        let pieces = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var one = LocalS3Notification(
            bucket: String(pieces[0]),
            webhook: webhook.first.map { Self.split($0).name } ?? Self.firstName)
        var events: [String] = []
        for pair in pieces.dropFirst().joined().split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2, let value = Self.decode(halves[1]) else {
                throw CommandFailure(
                    .usage, "--notify \(text): \"\(pair)\" is no name=value", advice: Self.advice)
            }
            switch halves[0] {
            case "prefix": one.prefix = value
            case "suffix": one.suffix = value
            case "webhook": one.webhook = value
            case "event": events.append(value)
            default:
                throw CommandFailure(
                    .usage, "--notify \(text): there is no \"\(halves[0])\"", advice: Self.advice)
            }
        }
        if !events.isEmpty { one.events = events }
        return one
    }

    private static func decode(_ text: Substring) -> String? {
        URIEncoding.decode(text).flatMap { String(validating: $0, as: UTF8.self) }
    }

    private static let advice =
        "For example --notify 'photos?prefix=2026/&event=s3:ObjectCreated:*'; write & as %26."
}
