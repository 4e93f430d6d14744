import Glibc
import Lambda
import Logging
import Runtime

/// What `scripts/bench` cannot time from outside: a warm invocation of a compiled-in function, and what its line in the
/// ledger costs. Prints one JSON document a command.
///
///     RuntimeBench embedded FOLDER COUNT    warm invocations, logged and metered, one after another
///     RuntimeBench ledger FOLDER COUNT      lines as a `sync` of small objects writes them
@main
struct RuntimeBench {
    /// Takes bytes: JSON would be the handler's own work, some 7 microseconds for the smallest event.
    struct Echo: RawLambdaHandler {
        func handle(_ event: [UInt8], context: LambdaContext) async throws -> [UInt8] { event }
    }

    struct Directory: FunctionDirectory {
        let function: ResolvedFunction
        func resolve(
            _ functionName: String, qualifier: String?, choice: Double
        ) async throws(LambdaServiceError) -> ResolvedFunction { function }
    }

    struct NoSender: DeliverySender { func send(_ delivery: Delivery) async throws {} }
    struct NoInvoker: LambdaInvoker {
        func invoke<Event: Codable & Sendable, Output: Codable & Sendable>(
            _ functionName: String, _ event: Event, returning: Output.Type, parent: LambdaContext?
        ) async throws -> Output {
            throw FunctionError(
                kind: .noSuchFunction, function: functionName,
                errorType: "ResourceNotFoundException",
                message: "nothing is invoked from here")
        }
    }

    static func main() async throws {
        let words = CommandLine.arguments.dropFirst()
        guard words.count == 3, let command = words.first, let count = Int(words.last ?? ""),
            count > 0
        else {
            fail("usage: RuntimeBench embedded|ledger FOLDER COUNT", 2)
        }
        let folder = words[words.startIndex + 1]
        let database = try StateDatabase(path: folder + "/state.sqlite")
        switch command {
        // Not on the main thread, where no function is invoked from.
        case "embedded":
            try await Task.detached { try await embedded(database, folder, count) }.value
        case "ledger": try await ledger(database, count)
        default:
            fail("no such command: \(command)", 2)
        }
    }

    /// The way of every invocation under `brigade up`: resolved, an environment taken, START, END and REPORT written, a line
    /// for the ledger.
    static func embedded(_ database: StateDatabase, _ folder: String, _ count: Int) async throws {
        let logger = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:echo"
        let version = FunctionVersion(
            functionName: "echo", functionARN: arn, runtime: FunctionVersion.builtInRuntime,
            handler: "echo")
        let lines = LedgerBuffer(database: database, logger: logger)
        let engine = InvocationEngine(
            InvocationEngine.Settings(), database: database,
            directory: Directory(function: ResolvedFunction(version: version, invokedARN: arn)),
            log: FunctionLogFiles(folder: folder + "/logs"), reservedTotal: { 0 },
            ledger: { entry, database in try Ledger.append([entry], in: database) },
            record: { lines.record($0) }, sender: NoSender(), logger: logger,
            make: { version, _, _ in
                EmbeddedEnvironment(
                    version, handler: Echo(), invoker: NoInvoker(),
                    logger: logger)
            })
        let request = InvocationRequest(
            functionName: "echo", payload: Array(#"{"key":"photos/2026/11/25/0001.jpg"}"#.utf8))
        var times: [Duration] = []
        times.reserveCapacity(count)
        for number in 0..<(count + 1000) {
            let began = ContinuousClock.now
            let answer = try await engine.invoke(request)
            let took = ContinuousClock.now - began
            guard answer.payload == request.payload else {
                fail("a wrong answer", 1)
            }
            if number >= 1000 { times.append(took) }
        }
        await lines.flush()
        await engine.shutDown(grace: .zero)
        times.sort()
        print(
            #"{"p50_us": \#(microseconds(times[count / 2])), "p99_us": \#(microseconds(times[count * 99 / 100])), "count": \#(count)}"#
        )
    }

    static func ledger(_ database: StateDatabase, _ count: Int) async throws {
        let run = TraceID.makeRoot()
        let writer = LedgerWriter(run: run, database: database)
        try await writer.begin(command: "sync", label: "bench")
        let lines = [
            InvocationUsage.Line(
                connection: "source", requestClass: "GET", requests: 1, bytesIn: 4096, bytesOut: 0),
            InvocationUsage.Line(
                connection: "destination", requestClass: "PUT", requests: 1, bytesIn: 0,
                bytesOut: 4096),
        ]
        let began = ContinuousClock.now
        let before = processor()
        for number in 0..<count {
            await writer.room()
            writer.record(
                LedgerEntry(
                    requestID: "00000000-0000-4000-8000-\(100_000_000_000 + number)", run: run,
                    parent: "00000000-0000-4000-8000-000000000000", functionName: "replicate",
                    rule: "on-demand", startMicroseconds: LedgerWriter.now(),
                    durationNanoseconds: 1_000_000 + Int64(number % 1000) * 1000, memoryMB: 128,
                    status: .success, usage: lines))
        }
        let (lost, failure) = await writer.finish()
        guard lost == 0, failure == nil else {
            fail("\(lost) lines were lost: \(failure.map { "\($0)" } ?? "")", 1)
        }
        print(
            #"{"run": "\#(run)", "elapsed_us": \#(microseconds(.now - began)), "cpu_us": \#(processor() - before), "count": \#(count)}"#
        )
    }

    static func fail(_ message: String, _ status: Int32) -> Never {
        let bytes = Array((message + "\n").utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
        exit(status)
    }

    static func microseconds(_ duration: Duration) -> Double {
        let (seconds, attoseconds) = duration.components
        return Double(seconds) * 1e6 + Double(attoseconds) / 1e12
    }

    /// Of the whole process, microseconds.
    static func processor() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func total(_ time: timeval) -> Double { Double(time.tv_sec) * 1e6 + Double(time.tv_usec) }
        return total(usage.ru_utime) + total(usage.ru_stime)
    }
}
