import ArgumentParser
import Foundation
import Runtime

/// `brigade status`
struct StatusCommand: ExampledCommand {
    static let example = """
        brigade status
        brigade status --watch
        brigade status --json
        """

    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Where each rule of a running `brigade up` stands.")

    @Flag(help: "Again every second, until Ctrl-C (default: once).")
    var watch = false
    @OptionGroup(title: "Runtime options")
    var runtime: RuntimeOptions

    private struct Answer: Decodable { var rules: [ChangeStatus] }

    mutating func run() async throws {
        let client = try LambdaClient(runtime)
        let terminal = Terminal(environment: Compose.processEnvironment)
        repeat {
            let answer = try await client.send(.get, "/2026-11-25/replications")
            if runtime.json {
                StandardStreams.output(String(decoding: answer.body, as: UTF8.self))
            } else {
                let rules = try answer.decoded(Answer.self).rules
                let text = ReplicationStatus.text(
                    rules, now: Int64(Date().timeIntervalSince1970 * 1000))
                // In place on a terminal; into a file, below what was printed before.
                if watch, terminal.isInteractive {
                    terminal.draw(text.split(separator: "\n").map(String.init))
                } else {
                    StandardStreams.output(text)
                }
            }
            guard watch else { return }
            // The end of the command, which is no error.
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
        } while true
    }
}
