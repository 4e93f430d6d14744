import Foundation
import Lambda
import Testing
import Transport

@testable import Runtime

/// The wire of the Runtime API: what a runtime may say when, and what it is answered.
@Suite struct RuntimeAPITests {
    @Test func statesAreKept() async throws {
        let files = EnvironmentBench.bootstrap(
            """
            seen = []
            def note(answer): seen.append([answer[0], answer[2].decode()])
            def handle(id, headers, body):
                if body == b'"report"': return respond(id, json.dumps(seen))
                again = call("GET", base + "invocation/next")
                seen.append([again[0], again[1]["Lambda-Runtime-Aws-Request-Id"]])
                note(post("init/error", "{}"))
                note(respond("wrong", "1"))
                note(respond(id, "1"))
                note(respond(id, "2"))
                note(post("invocation/" + id + "/error", "{}"))
                note(call("GET", "/2018-06-01/runtime/restore/next"))
                note(call("GET", "/nothing"))
                note(call("GET", "/ping"))
                note(call("PUT", "/2022-07-01/telemetry", "{}"))
                note(call("PUT", "/2020-08-15/logs", "{}"))
            """,
            atStart: "early = respond('x', '1')")
        try await EnvironmentBench.with(files) { bench in
            #expect(await bench.environment.initialize().succeeded)
            #expect(await bench.invoke(id: "one").text == "1")
            let report = await bench.invoke(#""report""#)
            let seen = try JSONDecoder().decode([Exchange].self, from: Data(report.payload))
            func refusal(_ from: String, _ to: String) -> String {
                "{\"errorMessage\":\"State transition from \(from) to \(to) failed for runtime. "
                    + "Error: State transition is not allowed\",\"errorType\":\"InvalidStateTransition\"}"
            }
            try #require(seen.count == 11)
            #expect(seen[0] == Exchange(200, "one"))
            #expect(seen[1] == Exchange(403, refusal("Running", "InitError")))
            #expect(
                seen[2]
                    == Exchange(
                        400,
                        #"{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}"#))
            #expect(seen[3] == Exchange(202, "{\"status\":\"OK\"}\n"))
            #expect(
                seen[4] == Exchange(403, refusal("RuntimeResponseSentState", "InvocationResponse")))
            #expect(
                seen[5]
                    == Exchange(403, refusal("RuntimeResponseSentState", "InvocationErrorResponse"))
            )
            #expect(seen[6].status == 404)
            #expect(seen[7].status == 404)
            #expect(seen[8] == Exchange(200, "pong"))
            #expect(seen[9].status == 202)
            #expect(seen[9].body.contains("Telemetry.NotSupported"))
            #expect(seen[10].status == 202)
            #expect(seen[10].body.contains("Logs.NotSupported"))
        }
    }

    private struct Exchange: Decodable, Equatable {
        var status: Int
        var body: String

        init(_ status: Int, _ body: String) { (self.status, self.body) = (status, body) }
        init(from decoder: any Decoder) throws {
            var values = try decoder.unkeyedContainer()
            status = try values.decode(Int.self)
            body = try values.decode(String.self)
        }
    }

    @Test func anAnswerBeforeNextIsRefused() async throws {
        let files = EnvironmentBench.bootstrap(
            "def handle(id, headers, body): respond(id, early[2])",
            atStart: "early = respond('x', '1')")
        try await EnvironmentBench.with(files) { bench in
            #expect(
                await bench.invoke().text
                    == #"{"errorMessage":"State transition from Started to InvocationResponse failed for runtime. Error: State transition is not allowed","errorType":"InvalidStateTransition"}"#
            )
        }
    }

    @Test func errorsAreForwardedByteForByte() async throws {
        let files = EnvironmentBench.bootstrap(
            """
            def handle(id, headers, body):
                cases = {
                    b"1": ('{"errorMessage" : "x", "errorType":"ValueError","stackTrace":[]}', {}),
                    b"2": ('{"errorType":"ValueError"}', {"Lambda-Runtime-Function-Error-Type": "Function.Broken"}),
                    b"3": ('{"errorType":"ValueError"}', {"Lambda-Runtime-Function-Error-Type": "Unhandled"}),
                    b"4": ('{not json', {}),
                }
                text, extra = cases[body]
                post("invocation/" + id + "/error", text, extra)
            """)
        try await EnvironmentBench.with(files) { bench in
            let one = await bench.invoke("1")
            #expect(one.status == .error)
            #expect(one.errorType == "ValueError")
            #expect(
                one.text == #"{"errorMessage" : "x", "errorType":"ValueError","stackTrace":[]}"#)
            #expect(await bench.invoke("2").errorType == "Function.Broken")
            #expect(await bench.invoke("3").errorType == "ValueError")
            let four = await bench.invoke("4")
            #expect(four.errorType == "Runtime.Unknown")
            #expect(four.text == "{not json")
        }
    }

    @Test func aResponseIsAtMost6291556Bytes() async throws {
        let files = EnvironmentBench.bootstrap(
            """
            last = b""
            def handle(id, headers, body):
                global last
                if body == b"0": return respond(id, last)
                status, _, text = respond(id, b"x" * int(body))
                last = str(status).encode() + text
            """)
        try await EnvironmentBench.with(files, timeoutSeconds: 120) { bench in
            let whole = await bench.invoke("6291556")
            #expect(whole.status == .success)
            #expect(whole.payload.count == 6_291_556)
            let more = await bench.invoke("6291557")
            #expect(more.status == .error)
            #expect(more.errorType == "Function.ResponseSizeTooLarge")
            #expect(
                more.text
                    == #"{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"}"#
            )
            #expect(
                await bench.invoke("0").text
                    == #"413{"errorMessage":"Exceeded maximum allowed payload size (6291556 bytes).","errorType":"RequestEntityTooLarge"}"#
            )
        }
    }

    private static let chunks = EnvironmentBench.bootstrap(
        """
        def send(id, headers, trailers, parts=("ab", "cde")):
            text = "POST " + base + "invocation/" + id + "/response HTTP/1.1\\r\\nHost: x\\r\\n"
            text += "Transfer-Encoding: chunked\\r\\n" + headers + "\\r\\n"
            for part in parts: text += "%x\\r\\n%s\\r\\n" % (len(part), part)
            return raw(text + "0\\r\\n" + trailers + "\\r\\n")
        streaming = "Lambda-Runtime-Function-Response-Mode: streaming\\r\\n"
        def handle(id, headers, body):
            if body == b"1": send(id, "Trailer: X-Some\\r\\n", "X-Some: 1\\r\\n")
            if body == b"2": send(id, streaming, "")
            if body == b"3": send(id, streaming, "Lambda-Runtime-Function-Error-Type: Error\\r\\n"
                "Lambda-Runtime-Function-Error-Body: eyJlcnJvclR5cGUiOiJFcnJvciJ9\\r\\n")
            if body == b"4": send(id, streaming, "Lambda-Runtime-Function-Error-Type: Error\\r\\n"
                "Lambda-Runtime-Function-Error-Body: Requires base64\\r\\n")
            if body == b"5": print(send(id, "Lambda-Runtime-Function-Response-Mode: odd\\r\\n", ""), flush=True)
            if body == b"6": send(id, streaming, "", ["%06d" % n * 2000 for n in range(500)])
        """)

    @Test func chunkedWithTrailers() async throws {
        try await EnvironmentBench.with(Self.chunks) { bench in
            #expect(await bench.invoke("1").text == "abcde")
            #expect(await bench.invoke("2").text == "abcde")
            let odd = await bench.invoke("5", id: "odd")
            #expect(odd.errorType == "Runtime.InvalidResponseModeHeader")
            #expect(
                bench.log.lines(of: "odd").last
                    == #"{"errorMessage":"Invalid function response mode","errorType":"InvalidFunctionResponseMode"}"#
            )
        }
    }

    @Test func aStreamFailsByItsTrailers() async throws {
        try await EnvironmentBench.with(Self.chunks) { bench in
            for (event, payload) in [
                ("3", #"{"errorType":"Error"}"#), ("4", "Requires base64"),
            ] {
                let parts = Locked<[UInt8]>([])
                let answer = await bench.invoke(event) { part in parts.withLock { $0 += part } }
                #expect(parts.withLock { $0 } == Array("abcde".utf8))
                #expect(answer.status == .error)
                #expect(answer.errorType == "Error")
                #expect(answer.text == payload)
            }
        }
    }

    @Test func partsArePassedOnInOrder() async throws {
        try await EnvironmentBench.with(Self.chunks, timeoutSeconds: 120) { bench in
            let parts = Locked<[UInt8]>([])
            let answer = await bench.invoke("6") { part in
                await Task.yield()
                parts.withLock { $0 += part }
            }
            #expect(answer.status == .success)
            #expect(answer.payload.isEmpty)
            let whole = (0..<500).map {
                String(repeating: String(format: "%06d", $0), count: 2000)
            }.joined()
            // Compared outside the macro, which would calculate a difference of megabytes.
            let isWhole = parts.withLock { $0 == Array(whole.utf8) }
            #expect(isWhole)
            // What is not streamed comes as one part.
            let one = Locked<[[UInt8]]>([])
            _ = await bench.invoke("1") { part in one.withLock { $0.append(part) } }
            #expect(one.withLock { $0 } == [Array("abcde".utf8)])
        }
    }
}
