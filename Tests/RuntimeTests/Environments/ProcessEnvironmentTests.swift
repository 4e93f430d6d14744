import Foundation
import Glibc
import Lambda
import Testing

@testable import Runtime

/// What the invoker sees of a runtime process, whatever becomes of it.
@Suite struct ProcessEnvironmentTests {
    private static let echo = EnvironmentBench.bootstrap(
        "def handle(id, headers, body): print('got', len(body), flush=True); respond(id, body)")

    @Test func answersAndLogs() async throws {
        try await EnvironmentBench.with(Self.echo) { bench in
            let outcome = await bench.environment.initialize()
            #expect(outcome.succeeded)
            let first = await bench.invoke(#"{"a": 1}"#, id: "one")
            #expect(first.status == .success)
            #expect(first.text == #"{"a": 1}"#)
            #expect(first.errorType == nil)
            #expect(first.suppressedInit == nil)
            #expect((first.maxMemoryUsedMB ?? 0) > 1)
            #expect(bench.log.lines(of: "one") == ["got 8"])
            let second = await bench.invoke("[]", id: "two")
            #expect(second.text == "[]")
            #expect(bench.log.lines(of: "two") == ["got 2"])
        }
    }

    @Test func tellsTheRuntimeWhatLambdaTells() async throws {
        let files = EnvironmentBench.bootstrap(
            """
            def handle(id, headers, body):
                respond(id, json.dumps({"headers": dict(headers), "variables": dict(os.environ), "cwd": os.getcwd(),
                    "fds": len(os.listdir("/proc/self/fd")), "leader": os.getpgid(0) == os.getpid()}))
            """)
        try await EnvironmentBench.with(files, variables: ["MINE": "1"]) { bench in
            _ = await bench.environment.initialize()
            let answer = await bench.invoke(id: "some-id", clientContext: "{\n\"custom\":{}}")
            let document = try #require(
                try JSONSerialization.jsonObject(with: Data(answer.payload)) as? [String: Any])
            let headers = try #require(document["headers"] as? [String: String])
            #expect(headers["Lambda-Runtime-Aws-Request-Id"] == "some-id")
            #expect(headers["Content-Type"] == "application/json")
            #expect(headers["Lambda-Runtime-Client-Context"] == #"{ "custom":{}}"#)
            #expect(headers["Lambda-Runtime-Invoked-Function-Arn"]?.hasSuffix(":live") == true)
            #expect(headers["Lambda-Runtime-Trace-Id"]?.hasPrefix("Root=1-") == true)
            #expect(headers["Lambda-Runtime-Deadline-Ms"]?.count == 13)
            let variables = try #require(document["variables"] as? [String: String])
            let code = bench.folder.appending(path: "code").path
            for (name, value) in [
                "_HANDLER": "index.handler", "AWS_REGION": "us-east-1", "MINE": "1",
                "AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
                "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_ACCESS_KEY_ID": "AK",
                "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "LAMBDA_TASK_ROOT": code,
                "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f", "TZ": ":UTC",
                "AWS_LAMBDA_LOG_STREAM_NAME": bench.environment.logStream,
            ] { #expect(variables[name] == value, "\(name)") }
            #expect(variables["AWS_EXECUTION_ENV"] == nil)
            #expect(variables["HOME"] == nil)
            #expect(document["cwd"] as? String == code)
            #expect(document["leader"] as? Bool == true)
            // 0 to 2, the connection, and the listing itself.
            #expect((document["fds"] as? Int ?? 99) <= 5)
        }
    }

    @Test(arguments: [
        ("sys.exit(0)", "Runtime exited without providing a reason"),
        ("sys.exit(3)", "Runtime exited with error: exit status 3"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "Runtime exited with error: signal: killed"),
        ("os.kill(os.getpid(), signal.SIGTERM)", "Runtime exited with error: signal: terminated"),
    ])
    func aCrashFailsOneInvocation(how: String, reason: String) async throws {
        let files = EnvironmentBench.bootstrap(
            """
            def handle(id, headers, body):
                path = os.environ["TMPDIR"] + "/seen"
                if os.path.exists(path): return respond(id, '"kept"')
                open(path, "w").close()
                print("going down")
                sys.stdout.write("without newline"); sys.stdout.flush()
                \(how)
            """)
        try await EnvironmentBench.with(files) { bench in
            #expect(await bench.environment.initialize().succeeded)
            let crash = await bench.invoke(id: "one")
            #expect(crash.status == .failure)
            #expect(crash.errorType == "Runtime.ExitError")
            #expect(
                crash.text
                    == #"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: one Error: \#(reason)"}"#
            )
            #expect(bench.log.lines(of: "one") == ["going down", "without newline"])
            // The folder in place of /tmp outlives the process.
            let next = await bench.invoke()
            #expect(next.text == #""kept""#)
            #expect(next.suppressedInit != nil)
        }
    }

    @Test func aTimeoutKillsTheGroup() async throws {
        let files = EnvironmentBench.bootstrap(
            """
            def handle(id, headers, body):
                child = os.fork()
                if child:
                    print(os.getpid(), child, flush=True)
                while True: time.sleep(60)
            """)
        try await EnvironmentBench.with(files, timeoutSeconds: 1) { bench in
            #expect(await bench.environment.initialize().succeeded)
            let answer = await bench.invoke(id: "slow")
            #expect(answer.status == .timeout)
            #expect(
                answer.text
                    == #"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: slow Error: Task timed out after 1.00 seconds"}"#
            )
            let words = bench.log.lines(of: "slow").first?.split(separator: " ") ?? []
            let pids = words.compactMap { pid_t($0) }
            #expect(pids.count == 2)
            // The leader is reaped; the child is killed, and whoever adopts it reaps it.
            #expect(kill(pids.first ?? 0, 0) != 0)
            if let child = pids.last { #expect(Self.isGone(child)) }
        }
    }

    /// No process, or one that only waits to be reaped.
    private static func isGone(_ pid: pid_t) -> Bool {
        for _ in 0..<1000 {
            guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
                !text.contains(") Z ")
            else { return true }
            sched_yield()
        }
        return false
    }

    @Test func tooMuchMemoryEndsIt() async throws {
        let files = EnvironmentBench.bootstrap(
            """
            def handle(id, headers, body):
                if body == b"1":
                    held = []
                    while True: held.append(bytearray(b"x" * (1 << 20)))
                respond(id, "1")
            """)
        try await EnvironmentBench.with(files, memoryMB: 128) { bench in
            #expect(await bench.environment.initialize().succeeded)
            let answer = await bench.invoke("1", id: "big")
            #expect(answer.errorType == "Runtime.OutOfMemory")
            #expect(
                answer.text
                    == #"{"errorType":"Runtime.OutOfMemory","errorMessage":"RequestId: big Error: Runtime exited with error: signal: killed"}"#
            )
            #expect((answer.maxMemoryUsedMB ?? 0) >= 128)
            #expect(await bench.invoke("2").status == .success)
        }
    }

    @Test func aFailedInitIsReportedAndTriedAgain() async throws {
        let files = EnvironmentBench.bootstrap(
            "def handle(id, headers, body): pass",
            atStart: """
                print("no module", flush=True)
                status, _, _ = post("init/error",
                    '{"errorMessage":"no","errorType":"Runtime.ImportModuleError","requestId":"","stackTrace":[]}')
                sys.exit(1 if status == 202 else 9)
                """)
        try await EnvironmentBench.with(files) { bench in
            #expect(await bench.environment.initialize().succeeded == false)
            let lines = bench.log.lines(of: nil)
            #expect(lines.first == "no module")
            #expect(lines.last?.hasPrefix("INIT_REPORT Init Duration: ") == true)
            #expect(
                lines.last?.hasSuffix(
                    " ms\tPhase: init\tStatus: error\tError Type: Runtime.ImportModuleError")
                    == true)
            let answer = await bench.invoke(id: "one")
            #expect(answer.errorType == "Runtime.ImportModuleError")
            #expect(
                answer.text
                    == #"{"errorMessage":"no","errorType":"Runtime.ImportModuleError","requestId":"","stackTrace":[]}"#
            )
            #expect(answer.suppressedInit != nil)
            #expect(bench.log.lines(of: "one").last?.contains("\tPhase: invoke\t") == true)
        }
    }

    @Test func anExitInInit() async throws {
        let files = EnvironmentBench.bootstrap("", atStart: "sys.exit(127)")
        try await EnvironmentBench.with(files) { bench in
            #expect(await bench.environment.initialize().succeeded == false)
            let answer = await bench.invoke(id: "one")
            #expect(
                answer.text
                    == #"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: one Error: Runtime exited with error: exit status 127"}"#
            )
        }
    }

    @Test func aSlowInitIsResetAndTriedOnTheInvocationsTime() async throws {
        let files = EnvironmentBench.bootstrap("", atStart: "time.sleep(60)")
        try await EnvironmentBench.with(
            files, timeoutSeconds: 1, initLimit: .milliseconds(200)
        ) { bench in
            #expect(await bench.environment.initialize().succeeded == false)
            #expect(
                bench.log.lines(of: nil).last?.hasSuffix(" ms\tPhase: init\tStatus: timeout")
                    == true)
            let answer = await bench.invoke()
            #expect(answer.errorType == "Sandbox.Timedout")
        }
    }

    @Test(arguments: [[:], ["handler.py": ""]])
    func aMissingBootstrap(files: [String: String]) async throws {
        try await EnvironmentBench.with(files) { bench in
            #expect(await bench.environment.initialize().succeeded == false)
            let answer = await bench.invoke(id: "one")
            #expect(answer.errorType == "Runtime.InvalidEntrypoint")
            #expect(
                answer.text
                    == #"{"errorType":"Runtime.InvalidEntrypoint","errorMessage":"RequestId: one Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"}"#
            )
        }
    }

    @Test func aBootstrapThatIsNoProgram() async throws {
        try await EnvironmentBench.with(["bootstrap": "\u{1}"]) { bench in
            #expect(await bench.environment.initialize().succeeded == false)
            let answer = await bench.invoke()
            #expect(answer.errorType == "Runtime.InvalidEntrypoint")
            #expect(answer.text.contains("Exec format error"))
        }
    }

    @Test func aRuntimeThatCannotBeStartedHere() async throws {
        try await EnvironmentBench.with([:], runtime: "nodejs22.x") { bench in
            let answer = await bench.invoke()
            #expect(answer.errorType == "Runtime.InvalidEntrypoint")
            #expect(answer.text.contains("node_modules/aws-lambda-ric/bin/index.mjs"))
        }
    }

    @Test func manyEnvironmentsAtOnce() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<4 {
                group.addTask {
                    try await EnvironmentBench.with(Self.echo) { bench in
                        #expect(await bench.environment.initialize().succeeded)
                        for round in 0..<50 {
                            let answer = await bench.invoke("[\(number),\(round)]", id: "\(round)")
                            #expect(answer.text == "[\(number),\(round)]")
                            #expect(bench.log.lines(of: "\(round)").count == 1)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func stopLeavesNothing() async throws {
        let files = EnvironmentBench.bootstrap(
            """
            def handle(id, headers, body):
                respond(id, str(os.getpid()) + " " + os.readlink("/proc/self/fd/1"))
            """)
        try await EnvironmentBench.with(files) { bench in
            #expect(await bench.environment.initialize().succeeded)
            let words = await bench.invoke().text.split(separator: " ")
            let pid = try #require(words.first.flatMap { pid_t($0) })
            let pipe = try #require(words.last)
            #expect(Self.holds { $0 == pipe })
            #expect(Self.holds { $0 == "/proc/\(pid)/status" })
            await bench.environment.stop()
            await bench.environment.stop()
            #expect(kill(pid, 0) != 0)
            #expect(!Self.holds { $0 == pipe })
            #expect(!Self.holds { $0.hasPrefix("/proc/\(pid)/") })
            // Nor does a late invocation bring anything back.
            #expect(await bench.invoke().status == .failure)
            let left = try FileManager.default.contentsOfDirectory(
                atPath: bench.folder.appending(path: "tmp").path)
            #expect(left.isEmpty)
        }
    }

    /// Whether a descriptor of ours leads to such a place.
    private static func holds(_ isMeant: (String) -> Bool) -> Bool {
        (0..<4096).contains { (descriptor: Int) -> Bool in
            let place = try? FileManager.default.destinationOfSymbolicLink(
                atPath: "/proc/self/fd/\(descriptor)")
            return place.map(isMeant) ?? false
        }
    }

    @Test func stopEndsWhatRuns() async throws {
        let files = EnvironmentBench.bootstrap("def handle(id, headers, body): time.sleep(60)")
        try await EnvironmentBench.with(files, timeoutSeconds: 30) { bench in
            #expect(await bench.environment.initialize().succeeded)
            async let answer = bench.invoke()
            await bench.environment.stop()
            #expect(await answer.status == .failure)
        }
    }
}
