import ArgumentParser

/// What the argument parser does not say by itself: a suggestion for a mistyped command, and the example
/// with which each help text begins.
enum CommandLineAdvice {
    static let commands: [any ExampledCommand.Type] = [
        CopyCommand.self, SyncCommand.self, VerifyCommand.self, ProbeCommand.self,
        LocalS3Command.self, DemoCommand.self, UpCommand.self, FunctionsCommand.self,
        InvokeCommand.self, PublishCommand.self, AliasCommand.self, LogsCommand.self,
        BillCommand.self, StatusCommand.self, ReconcileCommand.self, FailuresCommand.self,
    ]

    static var names: [String] { commands.map { $0.name } }

    /// The complaint about a first word that is no command, or nil.
    static func unknownCommand(_ arguments: [String]) -> String? {
        guard let word = arguments.first, !word.hasPrefix("-"), word != "help",
            !names.contains(word)
        else { return nil }
        var text = "brigade: there is no command \"\(word)\""
        if let nearest = nearest(to: word, among: names) {
            text += "; did you mean \"\(nearest)\"?"
        }
        return text + "\n  Commands: " + names.joined(separator: ", ") + ". See: brigade --help"
    }

    /// "copy " when the words begin with a command.
    static func subcommand(_ arguments: [String]) -> String {
        arguments.first { names.contains($0) }.map { $0 + " " } ?? ""
    }

    static func withExample(_ help: String, _ arguments: [String]) -> String {
        guard help.contains("USAGE:") else { return help }
        let name = arguments.first { names.contains($0) }
        let example =
            commands.first { $0.name == name }?.example
            ?? "brigade demo\nbrigade copy s3://minio@photos s3://offsite@photos-copy"
        let lines = example.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
        return "EXAMPLE:\n\(lines)\n\n\(help)"
    }

    /// The candidate with the fewest edits, when they are few for the word's length.
    static func nearest(to word: String, among candidates: [String]) -> String? {
        let word = word.lowercased()
        return
            candidates
            .map { ($0, distance(word, $0.lowercased())) }
            .filter { $0.1 <= max(1, min(3, word.count / 2)) }
            .min { $0.1 < $1.1 }?.0
    }

    /// Insertions, deletions, replacements and swaps of neighbours.
    static func distance(_ a: String, _ b: String) -> Int {
        let a = Array(a.utf8)
        let b = Array(b.utf8)
        var rows = [[Int]](repeating: Array(0...b.count), count: a.count + 1)
        for i in 0...a.count { rows[i][0] = i }
        guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
        for i in 1...a.count {
            for j in 1...b.count {
                rows[i][j] = min(
                    rows[i - 1][j] + 1, rows[i][j - 1] + 1,
                    rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
                }
            }
        }
        return rows[a.count][b.count]
    }
}

/// A subcommand whose help begins with an example.
protocol ExampledCommand: AsyncParsableCommand {
    static var example: String { get }
}

extension ExampledCommand {
    static var name: String { configuration.commandName ?? "" }
}
