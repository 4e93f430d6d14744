import Testing

@testable import Runtime

@Suite struct ReportLinesTests {
    private func lines(
        _ status: InvocationAnswer.Status = .success, error: String? = nil, initial: Int64? = nil
    ) -> ReportLines {
        ReportLines(
            requestID: "r", functionARN: "arn:f", version: "1", durationNanoseconds: 1_440_000,
            billedMilliseconds: 20, memoryMB: 512, maxMemoryUsedMB: 16, initNanoseconds: initial,
            status: status, errorType: error)
    }

    @Test func readsAsLambdas() {
        #expect(lines().start == "START RequestId: r Version: 1")
        #expect(lines().end == "END RequestId: r")
        let common =
            "REPORT RequestId: r\tDuration: 1.44 ms\tBilled Duration: 20 ms\tMemory Size: 512 MB"
            + "\tMax Memory Used: 16 MB\t"
        #expect(lines().report == common)
        #expect(lines(initial: 18_450_000).report == common + "Init Duration: 18.45 ms\t")
        #expect(lines(.timeout).report == common + "Status: timeout")
        #expect(
            lines(.failure, error: "Runtime.ExitError").report
                == common + "Status: error\tError Type: Runtime.ExitError")
        var traced = lines()
        traced.trace = ("1-5e34a614-0", "07f5")
        #expect(
            traced.report + "\n" + (traced.xray ?? "")
                == common + "\nXRAY TraceId: 1-5e34a614-0\tSegmentId: 07f5\tSampled: true\t")
    }

    @Test func readsAsLambdasInJSON() {
        #expect(
            lines(initial: 463_512_000).reportJSON(time: "t")
                == #"{"time":"t","type":"platform.report","record":{"requestId":"r","metrics":{"durationMs":1.44,"billedDurationMs":20,"memorySizeMB":512,"maxMemoryUsedMB":16,"initDurationMs":463.512},"status":"success"}}"#
        )
        #expect(
            lines().startJSON(time: "t")
                == #"{"time":"t","type":"platform.start","record":{"requestId":"r","functionArn":"arn:f","version":"1"}}"#
        )
    }

    @Test(arguments: [(0, "0.00"), (9_995_000, "10.00"), (1_056_000, "1.06")] as [(Int64, String)])
    func roundsToHundredths(_ nanoseconds: Int64, _ text: String) {
        #expect(ReportLines.hundredths(nanoseconds) == text)
    }
}
