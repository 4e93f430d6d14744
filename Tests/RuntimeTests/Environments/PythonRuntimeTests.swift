import Foundation
import Lambda
import Testing

@testable import Runtime

/// AWS's own runtime client for Python.
@Suite(.enabled(if: EnvironmentBench.hasRuntimeClient)) struct PythonRuntimeTests {
    private static let index = [
        "index.py": """
        import os, sys
        count = 0
        def handler(event, context):
            global count
            count += 1
            print("event", count)
            if event == "raise": raise ValueError("no")
            if event == "exit": sys.exit(3)
            return {"event": event, "count": count, "id": context.aws_request_id, "arn": context.invoked_function_arn}
        """
    ]

    @Test func runs() async throws {
        try await EnvironmentBench.with(Self.index, runtime: "python3.11") { bench in
            #expect(await bench.environment.initialize().succeeded)
            let first = await bench.invoke(#"{"k": "e"}"#, id: "one")
            #expect(first.status == .success)
            #expect(
                first.text
                    == #"{"event": {"k": "e"}, "count": 1, "id": "one", "arn": "arn:aws:lambda:us-east-1:000000000000:function:f:live"}"#
            )
            #expect(bench.log.lines(of: "one") == ["event 1"])
            let failed = await bench.invoke(#""raise""#, id: "two")
            #expect(failed.status == .error)
            #expect(failed.errorType == "ValueError")
            #expect(failed.text.hasPrefix(#"{"errorMessage": "no", "errorType": "ValueError""#))
            let gone = await bench.invoke(#""exit""#, id: "three")
            #expect(gone.errorType == "Runtime.ExitError")
            #expect(gone.text.contains("exit status 3") || gone.text.contains("exit status 1"))
            let again = await bench.invoke("1")
            #expect(again.text.contains(#""count": 1"#))
        }
    }

    @Test func aModuleThatIsNotThere() async throws {
        try await EnvironmentBench.with([:], runtime: "python3.11") { bench in
            #expect(await bench.environment.initialize().succeeded == false)
            let answer = await bench.invoke()
            #expect(answer.errorType == "Runtime.ImportModuleError")
            #expect(answer.text.contains("Unable to import module 'index'"))
        }
    }

    /// Prints the figure; asserts nothing of it. `BRIGADE_MEASURE=1`.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["BRIGADE_MEASURE"] != nil))
    func warmInvocation() async throws {
        try await EnvironmentBench.with(Self.index, runtime: "python3.11") { bench in
            let initialisation = await bench.environment.initialize()
            var times: [Duration] = []
            for _ in 0..<2000 {
                let start = ContinuousClock.now
                _ = await bench.invoke("1")
                times.append(ContinuousClock.now - start)
            }
            times.sort()
            FileHandle.standardError.write(
                Data(
                    "init \(initialisation.duration) p50 \(times[1000]) p99 \(times[1980])\n".utf8))
        }
    }
}
