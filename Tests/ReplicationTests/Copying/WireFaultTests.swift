import S3
import Signing
import TestSupport
import Testing
import Transport

@testable import Replication

/// Whatever happens on the wire, what is said to be copied is equal, and what is not equal does not stay.
@Suite(.serialized) struct WireFaultTests {
    enum Shape: CaseIterable {
        case small, relayed, parts, smallParts

        var pieces: [[UInt8]] {
            switch self {
            case .small: [bytes(Sizes.small)]
            case .relayed: [bytes(Sizes.relayed)]
            case .parts: Tests.parts(300_000, 300_000, 300_000)
            case .smallParts: Tests.parts(1000, 1000, 10)
            }
        }
        var isMultipart: Bool { self == .parts || self == .smallParts }

        func seed(_ side: Bench.Side) async throws {
            if isMultipart {
                try await side.put(parts: pieces)
            } else {
                try await side.put(pieces[0])
            }
        }
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var fault: FaultProxy.Fault
        var testDescription: String { name }

        /// Only what waits for a silent connection needs to be impatient.
        var patience: Duration {
            switch fault {
            case .stall, .stallAnswer: .seconds(1)
            default: .seconds(20)
            }
        }

        init(_ name: String, _ fault: FaultProxy.Fault) {
            self.name = name
            self.fault = fault
        }
    }

    static let reading = [
        Row("a flipped byte", .flipAnswerByte(at: 500)),
        Row("the first byte flipped", .flipAnswerByte(at: 0)),
        Row("cut in the body", .truncateAnswer(after: 500)),
        Row("cut before the body", .truncateAnswer(after: 0)),
        Row("closed before the request", .drop),
        Row("closed before the answer", .dropAnswer),
        Row("silent", .stall),
        Row("silent in the body", .stallAnswer(after: 500)),
        Row("503", .answer(status: 503, body: "<Error><Code>SlowDown</Code></Error>")),
        Row("500", .answer(status: 500, body: "<Error><Code>InternalError</Code></Error>")),
        Row("429", .answer(status: 429, body: "")),
        Row("another ETag", .setAnswerHeader("ETag", "\"0cc175b9c0f1b6a831c399e269772661\"")),
        Row("no ETag", .setAnswerHeader("ETag", nil)),
    ]

    static let writing = [
        Row("a flipped byte", .flipRequestByte(at: 500)),
        Row("closed before the request", .drop),
        Row("closed before the answer", .dropAnswer),
        Row("silent", .stall),
        Row("503", .answer(status: 503, body: "<Error><Code>SlowDown</Code></Error>")),
        Row("500", .answer(status: 500, body: "<Error><Code>InternalError</Code></Error>")),
        Row("another ETag", .setAnswerHeader("ETag", "\"0cc175b9c0f1b6a831c399e269772661\"")),
        Row("no ETag", .setAnswerHeader("ETag", nil)),
    ]

    /// Where the destination's object was before, it may be gone after a failure, but never wrong.
    private func expectNothingWrong(_ bench: Bench, _ shape: Shape) async throws {
        let body = try await bench.destination.body()
        #expect(body == nil || body == shape.pieces.flatMap { $0 })
        #expect(try await bench.destination.uploads.isEmpty)
    }

    @Test(arguments: reading, Shape.allCases)
    func oneFaultInReadingIsMadeGood(_ row: Row, _ shape: Shape) async throws {
        let bench = try await Bench(patience: row.patience)
        try await shape.seed(bench.source)
        bench.source.proxy.spoil(row.fault) { $0.isGet && $0.isOfBytes }
        let outcome = try await bench.converge()
        #expect(outcome.action == .copied)
        #expect(try await bench.destination.body() == shape.pieces.flatMap { $0 })
        #expect(try await bench.destination.uploads.isEmpty)
        #expect(try await bench.converge().action == .skipped)
    }

    @Test(arguments: writing, Shape.allCases)
    func oneFaultInWritingIsMadeGood(_ row: Row, _ shape: Shape) async throws {
        let bench = try await Bench(patience: row.patience)
        try await shape.seed(bench.source)
        bench.destination.proxy.spoil(row.fault) { $0.isPut }
        if row.name == "no ETag", shape.isMultipart {
            // A part without one cannot be completed: reported, and the next run finds it well.
            #expect(try await bench.failure().cause?.kind == .malformedAnswer)
            try await expectNothingWrong(bench, shape)
        }
        let outcome = try await bench.converge()
        // Where what was told of the write was lost or false, the two are compared once more.
        #expect(
            outcome.action == .copied || outcome.reason == Decision.Reason.same.rawValue)
        #expect(try await bench.destination.body() == shape.pieces.flatMap { $0 })
        #expect(try await bench.destination.uploads.isEmpty)
        #expect(try await bench.converge().action == .skipped)
    }

    /// A wire that damages every body one way is found out by the ETags, and nothing damaged stays.
    @Test(arguments: Shape.allCases, [true, false])
    func aWireThatAlwaysDamagesIsReported(_ shape: Shape, _ isReading: Bool) async throws {
        let bench = try await Bench()
        try await shape.seed(bench.source)
        if isReading {
            bench.source.proxy.spoil(.flipAnswerByte(at: 5), times: 1000) {
                $0.isGet && $0.isOfBytes
            }
        } else {
            bench.destination.proxy.spoil(.flipRequestByte(at: 5), times: 1000) {
                $0.isPut && $0.isOfBytes
            }
        }
        let error = try await bench.failure()
        #expect(error.kind == .notProven)
        #expect(error.message.contains("probe"))
        #expect(try await bench.destination.body() == nil)
        #expect(try await bench.destination.uploads.isEmpty)
    }

    /// Over versions: what was there before is there again, and no damaged version stays behind it.
    @Test func aDamagedVersionLeavesNoTrace() async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.isVersioned = true
        quirks.damagesStoredByte = 5
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(to: .quirky(store))
        store.seed(bench.path("key"), bytes(10))
        try await bench.source.put(bytes(1000))
        #expect(try await bench.failure().kind == .notProven)
        #expect(store.objects[bench.path("key")]?.body == bytes(10))
        #expect(store.versions[bench.path("key")]?.count == 1)
    }

    @Test func damageThatWasMadeGoodLeavesNoVersion() async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.isVersioned = true
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(to: .quirky(store))
        try await bench.source.put(bytes(1000))
        bench.destination.proxy.spoil(.flipRequestByte(at: 5)) { $0.isPut }
        let outcome = try await bench.converge()
        #expect(outcome.notes == ["bytes were damaged on their way, and were copied again"])
        #expect(store.versions[bench.path("key")]?.map(\.body) == [bytes(1000)])
    }

    @Test(arguments: ["10", "100000", "abc"], Shape.allCases)
    func aWrongLengthOfTheSourceIsSeen(_ length: String, _ shape: Shape) async throws {
        let bench = try await Bench(patience: .seconds(1))
        try await shape.seed(bench.source)
        bench.source.proxy.spoil(.setAnswerHeader("Content-Length", length), times: 1000) {
            $0.isGet && $0.isOfBytes
        }
        do {
            _ = try await bench.converge()
            #expect(try await bench.destination.body() == shape.pieces.flatMap { $0 })
        } catch is ReplicationError {
            #expect(try await bench.destination.body() == nil)
        }
        try await expectNothingWrong(bench, shape)
    }

    enum Step: CaseIterable { case creating, completing, looking }

    @Test(arguments: Step.allCases, [Shape.parts, .smallParts])
    func faultsAroundAnUploadAreMadeGood(_ step: Step, _ shape: Shape) async throws {
        let faults: [FaultProxy.Fault] = [
            .drop, .dropAnswer, .answer(status: 503, body: ""), .answer(status: 500, body: ""),
        ]
        for fault in faults {
            let bench = try await Bench()
            try await shape.seed(bench.source)
            let proxy = step == .looking ? bench.source.proxy : bench.destination.proxy
            proxy.spoil(fault) { request in
                switch step {
                case .creating: request.isCreation
                case .completing: request.isCompletion
                case .looking: request.method == "HEAD"
                }
            }
            let outcome = try await bench.converge()
            #expect(outcome.action == .copied, "\(fault)")
            #expect(outcome.proof == .eTag, "\(fault)")
            #expect(try await bench.destination.body() == shape.pieces.flatMap { $0 })
            #expect(try await bench.destination.uploads.isEmpty, "\(fault)")
        }
    }

    /// Trap 22: every request is asked to slow down once.
    @Test(arguments: Shape.allCases)
    func slowDownEverywhereIsWaitedFor(_ shape: Shape) async throws {
        let bench = try await Bench()
        try await shape.seed(bench.source)
        for proxy in [bench.source.proxy, bench.destination.proxy] {
            let seen = Locked<Set<String>>([])
            proxy.follow { request in
                let name = "\(request.method) \(request.target) \(request.head["range"] ?? "")"
                let isNew = seen.withLock { $0.insert(name).inserted }
                return isNew
                    ? [
                        .answer(
                            status: 503, body: "<Error><Code>SlowDown</Code></Error>")
                    ] : []
            }
        }
        #expect(try await bench.converge().proof == .eTag)
        #expect(try await bench.destination.body() == shape.pieces.flatMap { $0 })
    }

    /// What fails for good is told with its cause, and leaves nothing.
    @Test(arguments: Shape.allCases, [true, false])
    func anOutageIsReported(_ shape: Shape, _ isReading: Bool) async throws {
        let bench = try await Bench()
        try await shape.seed(bench.source)
        let proxy = isReading ? bench.source.proxy : bench.destination.proxy
        proxy.spoil(.drop, times: 1000) { $0.isOfBytes }
        let error = try await bench.failure()
        #expect(error.kind == .store)
        #expect(error.cause?.connection == (isReading ? "here" : "there"))
        try await expectNothingWrong(bench, shape)
    }

    /// A store whose ETags prove nothing is read back, and a copy that cannot be read back does not stay: its origin
    /// would be believed by the next comparison.
    @Test(arguments: [Sizes.small, Sizes.relayed])
    func aCopyThatCannotBeReadBackDoesNotStay(_ size: Int) async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.eTags = .kms
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(to: .quirky(store))
        try await bench.source.put(bytes(size))
        bench.destination.proxy.spoil(.dropAnswer, times: 1000) { $0.isGet }
        #expect(try await bench.failure().kind == .store)
        #expect(store.objects.isEmpty)
        bench.destination.proxy.follow { _ in [] }
        #expect(try await bench.converge().proof == .readBack)
    }

    /// A reading back that breaks off begins again.
    @Test func readingBackSurvivesABrokenConnection() async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.eTags = .kms
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(to: .quirky(store))
        try await bench.source.put(bytes(Sizes.relayed))
        bench.destination.proxy.spoil(.truncateAnswer(after: 100_000)) { $0.isGet }
        #expect(try await bench.converge().proof == .readBack)
        #expect(store.objects[bench.path("key")]?.body == bytes(Sizes.relayed))
    }

    /// The write is done, its answer lost, and all that follow: whatever is left is never believed.
    @Test(arguments: [Sizes.small, Sizes.relayed])
    func aWriteThatWasNeverHeardOfIsNotBelieved(_ size: Int) async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.eTags = .kms
        let store = try QuirkyStore(quirks)
        var dialect = Dialect()
        dialect.singleETagIsMD5 = .no
        let bench = try await Bench(to: .quirky(store), destinationDialect: dialect)
        try await bench.source.put(bytes(size))
        bench.destination.proxy.spoil(.flipRequestByte(at: 5), .dropAnswer, times: 1000) {
            $0.isPut
        }
        _ = try await bench.failure()
        #expect(store.objects.isEmpty)
        // Heard of at the second attempt, which finds the first one's object in the way.
        bench.destination.proxy.spoil(.flipRequestByte(at: 5), .dropAnswer) { $0.isPut }
        let outcome = try await bench.converge()
        #expect(outcome.action == .copied)
        #expect(store.objects[bench.path("key")]?.body == bytes(size))
    }

    /// The same where ETags prove: the repeated write is refused by the first one's own object.
    @Test(arguments: Shape.allCases)
    func aLostAnswerIsNoOtherWriter(_ shape: Shape) async throws {
        let bench = try await Bench(destinationDialect: .conditional)
        try await shape.seed(bench.source)
        bench.destination.proxy.spoil(.dropAnswer) {
            $0.head["if-none-match"] != nil
        }
        let outcome = try await bench.converge()
        #expect(outcome.proof == .eTag)
        #expect(outcome.notes == [])
        #expect(try await bench.destination.body() == shape.pieces.flatMap { $0 })
        #expect(try await bench.destination.uploads.isEmpty)
    }
}

private enum Tests {
    static func parts(_ sizes: Int...) -> [[UInt8]] {
        var generator = SeededRandom(seed: 11)
        return sizes.map { generator.bytes(count: $0) }
    }
}
