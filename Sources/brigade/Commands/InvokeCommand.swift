import ArgumentParser
import Foundation
import Signing

/// `brigade invoke NAME`
struct InvokeCommand: ExampledCommand {
    static let example = """
        brigade invoke hello --payload @event.json
        brigade invoke hello:live --log
        brigade invoke hello --event --payload @event.json
        """

    static let configuration = CommandConfiguration(
        commandName: "invoke",
        abstract: "Run a function on a running runtime, and print its answer.",
        usage: "brigade invoke <name> [--payload <json>] [options]",
        discussion: "Exits with 1 when the function answered with an error.")

    @Argument(help: "Its name, with a version or alias after a colon if wanted.")
    var name: String
    @Option(
        help: .init("JSON, @FILE, or - for standard input (default: {}).", valueName: "json"))
    var payload = "{}"
    @Flag(help: "Hand it to the queue and do not wait (default: wait for the answer).")
    var event = false
    @Flag(help: "Check only that it could be invoked (default: off).")
    var dryRun = false
    @Flag(help: "The end of the invocation's log on standard error (default: off).")
    var log = false
    @OptionGroup(title: "Runtime options")
    var runtime: RuntimeOptions

    func validate() throws {
        if event, dryRun {
            throw ValidationError("--event and --dry-run contradict each other: name one.")
        }
    }

    mutating func run() async throws {
        let client = try LambdaClient(runtime)
        let type = event ? "Event" : dryRun ? "DryRun" : "RequestResponse"
        var headers = [(name: "x-amz-invocation-type", value: type)]
        if log { headers.append((name: "x-amz-log-type", value: "Tail")) }
        let answer = try await client.send(
            .post, LambdaClient.path(name, "invocations"), headers: headers, body: try body())
        if let tail = answer.headers["X-Amz-Log-Result"], let text = Data(base64Encoded: tail) {
            let lines = String(decoding: text, as: UTF8.self)
            StandardStreams.error(lines.hasSuffix("\n") ? String(lines.dropLast()) : lines)
        }
        let failed = answer.headers["X-Amz-Function-Error"] != nil
        let version = answer.headers["X-Amz-Executed-Version"]
        let text = String(decoding: answer.body, as: UTF8.self)
        if runtime.json {
            StandardStreams.output(
                JSONValue.object([
                    "status": .int(answer.status), "version": .optional(version),
                    "functionError": .optional(answer.headers["X-Amz-Function-Error"]),
                    "requestId": .optional(answer.headers["x-amzn-RequestId"]),
                    "payload": .string(text),
                ]).text)
        } else if event {
            StandardStreams.output(
                "Accepted as \(answer.headers["x-amzn-RequestId"] ?? "an event").")
        } else if dryRun {
            StandardStreams.output("\(name) can be invoked.")
        } else {
            StandardStreams.output(text)
        }
        if failed { throw ExitStatus.someFailed }
    }

    private func body() throws(CommandFailure) -> [UInt8] {
        if payload == "-" { return Array(FileHandle.standardInput.readDataToEndOfFile()) }
        guard payload.hasPrefix("@") else { return Array(payload.utf8) }
        let path = String(payload.dropFirst())
        do {
            return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw CommandFailure(
                .usage, "cannot read the payload \(path): \(error.localizedDescription)")
        }
    }
}
