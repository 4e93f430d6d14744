import S3
import Testing

@testable import Replication

/// Trap 27, and every class of key that servers are known to differ in.
@Suite struct KeyTests {
    static let keys: [ObjectKey] = [
        "plain.txt", "deep/er/and/deeper/file", "with space/a b", "plus/a+b", "percent/100%",
        "percent/a%2Fb%41", "unicode/gr\u{FC}\u{DF}e/\u{65E5}\u{672C}\u{8A9E}",
        "unicode/\u{1F600}", "unicode/e\u{301}", "unicode/\u{E9}", "order/\u{FFEE}",
        "order/\u{10000}", "control/a\u{1}b", "control/a\nb", "control/a\r\nb", "control/a\tb",
        "odd/a\\b", "odd/\"a'&<b>", "odd/a?b#c;d=e@f:g,h", "odd/[a]{b}*(c)!$~^|`",
        "odd/trailing ", "odd/trailing.", ObjectKey(String(repeating: "z", count: 1024)),
        "double//slash", "/leading", "dots/./a/../b", "..", ".", "folder/", "shadow",
        "shadow/below", "a?versionId=null", "a?uploads",
    ]

    @Test func areCopiedByteForByte() async throws {
        let bench = try await Bench()
        let sameEndpoint = try await Bench(isOneEndpoint: true)
        for bench in [bench, sameEndpoint] {
            let replicator = Replicator(rule: bench.rule)
            for key in Self.keys {
                let body = key.bytes.last == UInt8(ascii: "/") ? [] : key.bytes
                try await bench.source.put(body, key)
                let outcome = try await replicator.converge(key)
                #expect(outcome.action == .copied, "\(key)")
                #expect(outcome.proof == .eTag, "\(key)")
            }
            var listed: [ObjectKey] = []
            var token: String?
            repeat {
                let page = try await bench.destination.direct.listObjects(
                    bench.destination.bucket, prefix: "", token: token)
                listed += page.objects.map(\.key)
                token = page.nextToken
            } while token != nil
            #expect(listed == Self.keys.sorted())
            for key in Self.keys {
                #expect(
                    try await bench.destination.body(key)
                        == (key.bytes.last == UInt8(ascii: "/") ? [] : key.bytes), "\(key)")
            }
        }
    }

    @Test func inPartsToo() async throws {
        let bench = try await Bench()
        let replicator = Replicator(rule: bench.rule)
        for key in Self.keys {
            let eTag = try await bench.source.put(parts: [key.bytes, [1]], key)
            #expect(try await replicator.converge(key).proof == .eTag, "\(key)")
            #expect(try await bench.destination.head(key).eTag == eTag)
        }
        #expect(try await bench.destination.uploads.isEmpty)
    }

    /// What stores on folders do with such keys.
    @Test(arguments: ["double//slash", "/leading", "dots/../b", "folder/", "control/a\u{1}b"])
    func aKeyThatIsRefusedIsNamed(_ key: String) async throws {
        let bench = try await Bench()
        let key = ObjectKey(key)
        try await bench.source.put([], key)
        bench.destination.proxy.spoil(
            .answer(
                status: 400, body: "<Error><Code>InvalidArgument</Code><Message/></Error>"),
            times: 100
        ) { $0.isPut }
        let error = try await bench.failure(key)
        #expect(error.kind == .keyNotStorable)
        #expect(error.message.contains("there does not take this key"))
    }

    /// The embedded store refuses it as S3 does; another one with an answer that says nothing.
    @Test(arguments: [nil, 400, 500] as [Int?], [false, true])
    func aKeyTooLongForTheDestinationIsToldWithItsLength(
        _ status: Int?, isOneEndpoint: Bool
    ) async throws {
        var bench = try await Bench(isOneEndpoint: isOneEndpoint)
        bench.rule.destination.prefix = "backup/of/photos/"
        let key = ObjectKey(String(repeating: "k", count: 1010))
        try await bench.source.put([1], key)
        if let status {
            bench.destination.proxy.spoil(.answer(status: status, body: ""), times: 100) {
                $0.target.contains("kkkk")
            }
        }
        let replicator = Replicator(rule: bench.rule)
        let evidence = try await bench.evidence(key)
        do {
            _ = try await replicator.converge(key, evidence: evidence)
            Issue.record("it was copied")
        } catch let error as ReplicationError {
            #expect(error.kind == .keyTooLong)
            #expect(
                error.message.hasPrefix(
                    "the key has 1027 bytes with the destination's prefix, and S3 allows 1024 ("),
                "\(error.message)")
            #expect(error.message.hasSuffix("use a prefix of at most 14 bytes at the destination"))
        }
        // Nothing is learnt from it of other keys.
        try await bench.source.put([2], "short")
        _ = try await replicator.converge("short", evidence: bench.evidence("short"))
        let carried = bench.source.proxy.requests.contains {
            $0.isGet && $0.target.hasSuffix("/short")
        }
        #expect(carried == (!isOneEndpoint))
    }

    @Test func anOrdinaryKeyIsNoneOfThose() async throws {
        let bench = try await Bench()
        try await bench.source.put([1], "plain")
        bench.destination.proxy.spoil(
            .answer(
                status: 400, body: "<Error><Code>InvalidArgument</Code><Message/></Error>"),
            times: 100
        ) { $0.isPut }
        #expect(try await bench.failure("plain").kind == .store)
    }
}
