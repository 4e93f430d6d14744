import Foundation
import Lambda
import NIOPosix
import Runtime
import Transport

/// The lines of a function, by invocation.
final class CollectedLog: FunctionLog {
    private let state = Locked<[(requestID: String?, line: String)]>([])

    func append(
        _ lines: [String], function: FunctionVersion, stream: String, requestID: String?
    ) {
        state.withLock { state in for line in lines { state.append((requestID, line)) } }
    }

    func lines(of requestID: String?) -> [String] {
        state.withLock { $0 }.filter { $0.requestID == requestID }.map(\.line)
    }
}

/// A package folder and an environment for it; all is gone when its scope ends.
struct EnvironmentBench {
    static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    static let venvPython: String = {
        let folder =
            ProcessInfo.processInfo.environment["BRIGADE_TEST_VENV"]
            ?? FileManager.default.currentDirectoryPath + "/.build/venv"
        return "\(folder)/bin/python"
    }()
    static let hasRuntimeClient: Bool = {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: venvPython)
        process.arguments = ["-c", "import awslambdaric"]
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    let folder: URL
    let log = CollectedLog()
    let environment: ProcessEnvironment

    /// Runs `body` with an environment and stops it.
    static func with(
        _ files: [String: String], runtime: String = "provided.al2023",
        handler: String = "index.handler",
        memoryMB: Int = 256, timeoutSeconds: Int = 60, initLimit: Duration = .seconds(60),
        variables: [String: String] = [:],
        _ body: (EnvironmentBench) async throws -> Void
    ) async throws {
        let bench = try EnvironmentBench(
            files, runtime: runtime, handler: handler, memoryMB: memoryMB,
            timeoutSeconds: timeoutSeconds, initLimit: initLimit, variables: variables)
        do {
            try await body(bench)
        } catch {
            await bench.environment.stop()
            throw error
        }
        await bench.environment.stop()
        try FileManager.default.removeItem(at: bench.folder)
    }

    private init(
        _ files: [String: String], runtime: String, handler: String, memoryMB: Int,
        timeoutSeconds: Int, initLimit: Duration, variables: [String: String]
    ) throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "brigade-environment-\(UUID().uuidString)")
        let code = folder.appending(path: "code")
        let temporary = folder.appending(path: "tmp")
        for each in [code, temporary] {
            try FileManager.default.createDirectory(at: each, withIntermediateDirectories: true)
        }
        for (name, text) in files {
            let path = code.appending(path: name)
            try Data(text.utf8).write(to: path)
            if name == "bootstrap" {
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o755], ofItemAtPath: path.path)
            }
        }
        environment = ProcessEnvironment(
            FunctionVersion(
                functionName: "f", functionARN: "arn:aws:lambda:us-east-1:000000000000:function:f",
                runtime: runtime, handler: handler, memoryMB: memoryMB,
                timeoutSeconds: timeoutSeconds, environment: variables, codeDirectory: code.path),
            ProcessSettings(
                group: Self.group, commands: RuntimeCommands(python: Self.venvPython),
                variables: ["AWS_ACCESS_KEY_ID": "AK"], temporaryRoot: temporary.path, log: log,
                initLimit: initLimit))
    }

    /// One event to the environment.
    func invoke(
        _ payload: String = "{}", id: String = UUID().uuidString.lowercased(),
        clientContext: String? = nil, stream: (@Sendable ([UInt8]) async -> Void)? = nil
    ) async -> InvocationAnswer {
        await environment.invoke(
            Self.event(
                payload, id: id, timeoutSeconds: environment.version.timeoutSeconds,
                clientContext: clientContext, stream: stream))
    }

    static func event(
        _ payload: String = "{}", id: String, timeoutSeconds: Int, clientContext: String? = nil,
        stream: (@Sendable ([UInt8]) async -> Void)? = nil
    ) -> InvocationEvent {
        InvocationEvent(
            requestID: id, payload: Array(payload.utf8),
            traceHeader:
                "Root=1-5e34a614-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1",
            invokedFunctionARN: "arn:aws:lambda:us-east-1:000000000000:function:f:live",
            deadline: .now + .seconds(timeoutSeconds),
            deadlineUnixMilliseconds: Int64(Date().timeIntervalSince1970 * 1000)
                + Int64(timeoutSeconds) * 1000,
            clientContext: clientContext.map { Array($0.utf8) }, stream: stream)
    }

    /// A runtime client with a `handle(id, headers, body)` of the test's: `call(method, path, ...)` for what is odd.
    static func bootstrap(_ handle: String, atStart: String = "") -> [String: String] {
        [
            "bootstrap": """
            #!/usr/bin/python3
            import http.client, json, os, signal, socket, sys, time
            api = os.environ["AWS_LAMBDA_RUNTIME_API"]
            base = "/2018-06-01/runtime/"
            connection = http.client.HTTPConnection(api)
            def call(method, path, body=None, headers={}):
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                return answer.status, answer.headers, answer.read()
            def post(path, body, headers={}):
                return call("POST", base + path, body, headers)
            def respond(id, body, headers={}):
                return post("invocation/" + id + "/response", body, headers)
            def raw(text):
                host, port = api.split(":")
                with socket.create_connection((host, int(port))) as s:
                    s.sendall(text if isinstance(text, bytes) else text.encode())
                    return s.recv(65536).decode()
            \(atStart)
            \(handle)
            while True:
                status, headers, body = call("GET", base + "invocation/next")
                handle(headers["Lambda-Runtime-Aws-Request-Id"], headers, body)

            """
        ]
    }
}

extension InvocationAnswer {
    var text: String { String(decoding: payload, as: UTF8.self) }
}
