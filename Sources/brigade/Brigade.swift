import ArgumentParser
import Glibc

/// The command: parses, runs the subcommand under an interruptible task, and turns what happened into
/// one message and one exit code.
@main
struct Brigade: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "brigade",
        abstract: "Copies objects between S3-compatible buckets, and proves every copy.",
        discussion: """
            A location is s3://CONNECTION@bucket/folder. The connection is described in
            BRIGADE_CONNECTION_NAME=http(s)://ACCESS:SECRET@host:port or in brigade.yaml.
            s3://bucket alone uses the AWS variables and profiles.
            """,
        version: version,
        subcommands: CommandLineAdvice.commands)

    static func main() {
        // A reader that goes away (`brigade … | head`) is an error of a write, not our end.
        signal(SIGPIPE, SIG_IGN)
        let interruption = Interruption()
        let arguments = Array(CommandLine.arguments.dropFirst())
        let isBootstrap = Bootstrap.isWanted(
            program: CommandLine.arguments.first ?? "", arguments, Compose.processEnvironment)
        // Detached: the main thread, whose actor this is, waits for signals.
        let task = Task.detached {
            let status = isBootstrap ? await Bootstrap.run() : await run(arguments)
            Glibc.exit(wholly(status).rawValue)
        }
        interruption.wait { task.cancel() }
    }

    static func run(_ arguments: [String]) async -> ExitStatus {
        if let complaint = CommandLineAdvice.unknownCommand(arguments) {
            StandardStreams.error(complaint)
            return .usage
        }
        do {
            var command = try parseAsRoot(arguments)
            guard var runnable = command as? any AsyncParsableCommand else {
                try command.run()
                return .done
            }
            try await runnable.run()
            return .done
        } catch let failure as CommandFailure {
            StandardStreams.error(failure.rendered)
            document(failure.status, failure.message, failure.advice, arguments)
            return failure.status
        } catch let status as ExitStatus {
            return status
        } catch {
            return report(error, arguments)
        }
    }

    /// Who asked for a document gets one, also of what did not begin.
    private static func document(
        _ status: ExitStatus, _ message: String, _ advice: [String], _ arguments: [String]
    ) {
        let options = arguments.prefix { $0 != "--" }
        guard options.contains("--json"), !StandardStreams.outputSoFar.isAny else { return }
        let document = JSONValue.object([
            "status": .string(status == .interrupted ? "interrupted" : "failed"),
            "exitCode": .int(Int(status.rawValue)), "error": .string(message),
            "advice": .array(advice.map { .string($0) }),
        ])
        StandardStreams.output(document.text)
    }

    /// A result that could not be written is no success.
    private static func wholly(_ status: ExitStatus) -> ExitStatus {
        guard status == .done, let problem = StandardStreams.outputSoFar.problem else {
            return status
        }
        StandardStreams.error(
            "brigade: standard output could not be written: \(problem)\n  The work itself is done.")
        return .someFailed
    }

    /// Help, version and wrong usage, as the argument parser words them.
    private static func report(_ error: any Error, _ arguments: [String]) -> ExitStatus {
        if exitCode(for: error) == .success {
            StandardStreams.output(
                CommandLineAdvice.withExample(fullMessage(for: error), arguments))
            return .done
        }
        let lines = message(for: error)
        document(.usage, lines, [], arguments)
        StandardStreams.error(
            "brigade: \(lines)\n  See: brigade \(CommandLineAdvice.subcommand(arguments))--help")
        return .usage
    }
}
