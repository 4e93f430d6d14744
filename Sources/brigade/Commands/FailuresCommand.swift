import ArgumentParser
import Foundation
import Runtime
import S3
import Signing

/// `brigade failures list|show|replay`
struct FailuresCommand: ExampledCommand {
    static let example = """
        brigade failures list
        brigade failures show archive/2019.tar
        brigade failures replay --rule photos
        """

    enum Action: String, ExpressibleByArgument, CaseIterable {
        case list, show, replay
    }

    static let configuration = CommandConfiguration(
        commandName: "failures",
        abstract: "Keys that were given up, and deletes that wait for you.",
        usage: "brigade failures list|show|replay [<key>] [options]",
        discussion: """
            What is replayed is looked at again at once. To replay a delete that was held back \
            is to agree to it. It works whether `brigade up` runs or not.
            """)

    @Argument(help: "list, show or replay.")
    var action: Action
    @Argument(help: "Only this key (default: all).")
    var key: String?
    @Option(help: .init("Only of this rule, repeatable (default: all).", valueName: "name"))
    var rule: [String] = []
    @Option(
        help: .init(
            "Only of this kind, as in Replication.archived (default: all).", valueName: "kind"))
    var kind: String?
    @Option(help: .init("The state folder (default: ~/.local/state/brigade).", valueName: "dir"))
    var state: String?
    @Flag(help: "One JSON document on standard output (default: text).")
    var json = false

    func validate() throws {
        if action == .show, key == nil {
            throw ValidationError("Name the key that shall be shown.")
        }
    }

    mutating func run() async throws {
        let folder = StateFolder(option: state, environment: Compose.processEnvironment)
        let database = try RunLedger.open(folder)
        let bytes = key.map { Array($0.utf8) }
        do {
            if action == .replay {
                let count = try await ChangeFailure.replay(
                    database, subscriptions: try await names(database), key: bytes, kind: kind)
                return StandardStreams.output(
                    json
                        ? JSONValue.object(["replayed": .int(count)]).text
                        : "\(Quantity.count(count, "key")) will be looked at again.")
            }
            let found = try await ChangeFailure.list(
                database, subscriptions: try await names(database), key: bytes, kind: kind)
            StandardStreams.output(
                json ? document(found) : action == .show ? details(found) : table(found))
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw RunLedger.failure(error, database.path)
        }
    }

    /// A rule with several destinations has a subscription for each.
    private func names(_ database: StateDatabase) async throws -> [String] {
        guard !rule.isEmpty else { return [] }
        let all = try await ChangeQueue.subscriptionNames(database)
        return try rule.flatMap { name in
            let found = all.filter { $0 == name || $0.hasPrefix("\(name) → ") }
            guard !found.isEmpty else {
                throw CommandFailure(
                    .usage, "there is no rule \"\(name)\" in this state folder",
                    advice: all.isEmpty
                        ? "There are none." : "There are: \(all.joined(separator: ", "))")
            }
            return found
        }
    }

    private func table(_ failures: [ChangeFailure]) -> String {
        guard !failures.isEmpty else { return "Nothing has failed, and no delete waits." }
        let rows = failures.map { failure in
            [
                failure.subscription, TextLayout.shortened("\(ObjectKey(failure.key))", to: 40),
                failure.kind, TextLayout.shortened(failure.message, to: 60),
            ]
        }
        return TextLayout.table(["RULE", "KEY", "KIND", "WHY"], rows)
            + "\n\nAll of one: brigade failures show KEY. Again: brigade failures replay"
    }

    private func details(_ failures: [ChangeFailure]) -> String {
        guard !failures.isEmpty else { return "\(key ?? "") is not among what failed." }
        return failures.map { failure in
            """
            \(ObjectKey(failure.key))
              rule      \(failure.subscription)
              kind      \(failure.kind)
              why       \(failure.message)
              attempts  \(failure.attempts), the last at \(Timestamps.iso8601(milliseconds: failure.lastAt))
              since     \(Timestamps.iso8601(milliseconds: failure.firstAt))
              log       brigade logs replicate --request \(failure.requestID)
            """
        }.joined(separator: "\n")
    }

    private func document(_ failures: [ChangeFailure]) -> String {
        JSONValue.object([
            "failures": .array(
                failures.map { failure in
                    .object([
                        "rule": .string(failure.subscription), "key": .key(ObjectKey(failure.key)),
                        "kind": .string(failure.kind), "message": .string(failure.message),
                        "attempts": .int(failure.attempts),
                        "request": .string(failure.requestID),
                        "firstAt": .string(Timestamps.iso8601(milliseconds: failure.firstAt)),
                        "lastAt": .string(Timestamps.iso8601(milliseconds: failure.lastAt)),
                    ])
                })
        ]).text
    }
}
