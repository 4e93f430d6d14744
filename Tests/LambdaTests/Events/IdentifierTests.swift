import Testing

@testable import Lambda

struct IdentifierTests {
    @Test func rootsHaveXRaysForm() throws {
        let roots = (0..<100).map { _ in TraceID.makeRoot() }
        #expect(Set(roots).count == roots.count)
        for root in roots { #expect(root.wholeMatch(of: /1-[0-9a-f]{8}-[0-9a-f]{24}/) != nil) }
    }

    @Test(
        arguments: [
            (0, "0000000000000000"), (1, "0000000000000001"), (UInt64.max, "ffffffffffffffff"),
            (0x0123_4567_89AB_CDEF, "0123456789abcdef"),
        ] as [(UInt64, String)])
    func segments(_ bits: UInt64, _ text: String) {
        #expect(TraceID.makeSegment(bits) == text)
    }

    @Test func theRootComesBackFromItsHeader() {
        let header = TraceID.header(root: "1-2-3", parent: "4")
        #expect(header == "Root=1-2-3;Parent=4;Sampled=1")
        #expect(TraceID.root(of: header) == "1-2-3")
        #expect(TraceID.root(of: "Self=x;Root=1-2-3") == "1-2-3")
        #expect(TraceID.root(of: "Parent=4") == nil)
        #expect(TraceID.root(of: "") == nil)
    }

    @Test(
        arguments: [
            (0, 0, "00000000-0000-4000-8000-000000000000"),
            (UInt64.max, UInt64.max, "ffffffff-ffff-4fff-bfff-ffffffffffff"),
            (0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210, "01234567-89ab-4def-bedc-ba9876543210"),
        ] as [(UInt64, UInt64, String)])
    func requestIDsAreRandomUUIDs(_ high: UInt64, _ low: UInt64, _ text: String) {
        #expect(RequestID.make(high, low) == text)
    }
}

struct InvocationUsageTests {
    private func line(_ connection: String, _ requestClass: String, _ requests: Int)
        -> InvocationUsage.Line
    {
        InvocationUsage.Line(
            connection: connection, requestClass: requestClass, requests: requests, bytesIn: 10,
            bytesOut: 1)
    }

    @Test func addsUpByConnectionAndClass() {
        let usage = InvocationUsage()
        for entry in [
            line("a", "GET", 1), line("b", "GET", 2), line("a", "PUT", 3), line("a", "GET", 4),
        ] { usage.record(entry) }
        #expect(
            usage.lines == [
                InvocationUsage.Line(
                    connection: "a", requestClass: "GET", requests: 5, bytesIn: 20, bytesOut: 2),
                line("b", "GET", 2), line("a", "PUT", 3),
            ])
    }

    /// A function may write what it likes: neither a line nor all of them together may be more than the sums can hold.
    @Test func countsNothingThatIsImpossible() throws {
        func text(_ requests: Int, _ bytes: Int64) -> String {
            EmbeddedMetric.line(
                InvocationUsage.Line(
                    connection: "a", requestClass: "GET", requests: requests, bytesIn: bytes,
                    bytesOut: 0), requestID: "x", functionName: "f", milliseconds: 0)
        }
        for (requests, bytes) in [(Int.max, Int64(0)), (1, .max), (-1, 0), (1, -1)] {
            #expect(EmbeddedMetric.usage(in: text(requests, bytes)) == nil)
        }
        let most = try #require(EmbeddedMetric.usage(in: text(1, 1 << 44)))
        var lines: [InvocationUsage.Line] = []
        for _ in 0..<3 { lines.account(most) }
        #expect(lines == [most])
        for number in 0..<2000 { lines.account(line("c\(number)", "GET", 1)) }
        #expect(lines.count == 1000)
    }

    @Test func losesNothingUnderConcurrency() async {
        let usage = InvocationUsage()
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for _ in 0..<500 { usage.record(line("c\(task % 2)", "GET", 1)) }
                }
            }
        }
        #expect(usage.lines.map(\.requests) == [2000, 2000])
        #expect(usage.lines.map(\.bytesIn) == [20_000, 20_000])
    }
}
