import S3
import Signing
import Testing

@testable import Replication

/// Every action and every reason that an outcome can have, by real requests on both sides.
@Suite struct ConvergeTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var action: Action
        var reason: Decision.Reason
        var proof = Proof.none
        var change: @Sendable (inout ReplicationRule) -> Void = { _ in }
        var prepare: @Sendable (Bench) async throws -> Void
        var testDescription: String { name }
    }

    static let body = bytes(Sizes.small)
    static let other = bytes(Sizes.small, seed: 2)

    static let rows: [Row] = [
        Row(name: "nothing anywhere", action: .skipped, reason: .absentOnBothSides) { _ in },
        Row(name: "new", action: .copied, reason: .absentAtDestination, proof: .eTag) {
            try await $0.source.put(body)
        },
        Row(name: "other size", action: .copied, reason: .sizeDiffers, proof: .eTag) {
            try await $0.source.put(body)
            try await $0.destination.put([1])
        },
        Row(name: "other bytes", action: .copied, reason: .contentDiffers, proof: .eTag) {
            try await $0.source.put(body)
            try await $0.destination.put(other)
        },
        Row(
            name: "another part layout", action: .copied, reason: .cannotCompare, proof: .eTag
        ) {
            try await $0.source.put(parts: parts(300, 700))
            try await $0.destination.put(parts: parts(500, 250, 250))
        },
        Row(name: "other metadata", action: .updated, reason: .metadataDiffers, proof: .eTag) {
            try await $0.destination.put(body)
            try await $0.source.put(body) { $0.metadata.user = [.init("a", "1")] }
        },
        Row(name: "other tags", action: .updated, reason: .tagsDiffer) {
            try await $0.destination.put(body)
            try await $0.source.put(body) { $0.metadata.tags = [Tag("a", "1")] }
        },
        Row(name: "same", action: .skipped, reason: .same) {
            try await $0.destination.put(body)
            try await $0.source.put(body)
        },
        Row(name: "same by its origin", action: .skipped, reason: .sameByOrigin) { bench in
            let pieces = parts(300, 700)
            let eTag = try await bench.source.put(parts: pieces)
            let head = try await bench.source.head()
            #expect(head.eTag == eTag)
            try await bench.destination.put(pieces.flatMap { $0 }) {
                $0.metadata.contentType = head.metadata.contentType
                $0.metadata.user = [
                    .init(Origin.metadataName, Origin(ObjectState(head)).value)
                ]
            }
        },
        Row(name: "extra, kept", action: .skipped, reason: .extraKept) {
            try await $0.destination.put(body)
        },
        Row(
            name: "extra, propagated", action: .deleted, reason: .goneFromSource,
            change: { $0.deletes = .propagate },
            prepare: { _ = try await $0.destination.put(body) }),
        Row(
            name: "left out by size", action: .skipped, reason: .filtered,
            change: { $0.filter.maxSize = 10 },
            prepare: { _ = try await $0.source.put(body) }),
    ]

    @Test(arguments: rows)
    func doesWhatIsDecided(_ row: Row) async throws {
        var bench = try await Bench()
        row.change(&bench.rule)
        try await row.prepare(bench)
        let plan = try await Replicator(rule: bench.rule).plan("key")
        #expect(plan.action == row.action)
        #expect(plan.reason == row.reason.rawValue)
        let outcome = try await bench.converge()
        #expect(outcome.action == row.action)
        #expect(outcome.reason == row.reason.rawValue)
        #expect(outcome.proof == row.proof)
        #expect(outcome.notes == [])
        #expect(outcome.bytes == (row.action == .copied ? Int64(Sizes.small) : 0))
        if row.reason != .extraKept, row.reason != .filtered {
            #expect(try await bench.destination.body() == bench.source.body())
        }
        // What was brought in line stays so.
        let again = try await bench.converge()
        #expect(again.action == .skipped)
        #expect(again.bytes == 0)
    }

    @Test func everyReasonOfAnOutcomeIsCovered() {
        // The first two only lead to another look; the last needs somebody who says no.
        let inner: Set<Decision.Reason> = [.mustLook, .sourceNotOlder, .deleteHeld]
        let covered = Set(Self.rows.map(\.reason))
        #expect(covered.union(inner) == Set(Decision.Reason.allCases))
    }

    @Test func aDeleteThatIsNotPermittedIsHeldBack() async throws {
        var bench = try await Bench()
        bench.rule.deletes = .propagate
        try await bench.destination.put(Self.body)
        let replicator = Replicator(rule: bench.rule)
        let held = try await replicator.converge("key") { false }
        #expect(held.action == .skipped)
        #expect(held.reason == Decision.Reason.deleteHeld.rawValue)
        #expect(try await bench.destination.body() == Self.body)
        #expect(try await replicator.converge("key") { true }.action == .deleted)
    }

    @Test func whatIsNotDeletedNeedsNoPermit() async throws {
        let bench = try await Bench()
        try await bench.source.put(Self.body)
        let outcome = try await Replicator(rule: bench.rule).converge("key") {
            Issue.record("asked")
            return false
        }
        #expect(outcome.action == .copied)
    }

    @Test func quarantineKeepsWhatIsDeleted() async throws {
        var bench = try await Bench()
        bench.rule.deletes = .quarantine
        var place = bench.rule.destination
        place.prefix = "kept/"
        bench.rule.quarantine = place
        try await bench.destination.put(Self.body) { $0.metadata.user = [.init("a", "1")] }
        let outcome = try await bench.converge()
        #expect(outcome.action == .deleted)
        #expect(try await bench.destination.body() == nil)
        let page = try await place.client.listObjects(
            place.bucket, prefix: place.prefix, startAfter: nil, token: nil, maxKeys: 10)
        #expect(page.objects.count == 1)
        let kept = try #require(page.objects.first)
        #expect(kept.key.description.hasSuffix("Z/key"))
        let head = try await place.client.headObject(
            ObjectAddress(bucket: place.bucket, key: kept.key))
        #expect(head.metadata.user.first { $0.name == "a" }?.value == "1")
        // Not before its time.
        try await Quarantine.purge(bench.rule, days: 1, meter: UsageMeter())
        #expect(
            try await place.client.listObjects(
                place.bucket, prefix: place.prefix, startAfter: nil, token: nil, maxKeys: 10
            ).objects.count == 1)
        try await Quarantine.purge(bench.rule, days: -1, meter: UsageMeter())
        #expect(
            try await place.client.listObjects(
                place.bucket, prefix: place.prefix, startAfter: nil, token: nil, maxKeys: 10
            ).objects.isEmpty)
    }

    @Test func aPlanWritesNothing() async throws {
        var bench = try await Bench()
        bench.rule.deletes = .propagate
        try await bench.source.put(Self.body, "new")
        try await bench.destination.put(Self.other, "extra")
        let replicator = Replicator(rule: bench.rule)
        let new = try await replicator.plan("new")
        #expect(new == (.copied, Decision.Reason.absentAtDestination.rawValue, 1000))
        #expect(try await replicator.plan("extra").action == .deleted)
        #expect(bench.destination.requests.allSatisfy { $0.hasPrefix("HEAD") })
    }

    @Test func freshEvidenceOfAnAbsentObjectCostsOneGetAndOnePut() async throws {
        let bench = try await Bench(destinationDialect: .conditional)
        try await bench.source.put(Self.body)
        let outcome = try await bench.converge(evidence: try await bench.evidence())
        #expect(outcome.action == .copied)
        #expect(bench.source.requests == ["GET /key"])
        #expect(bench.destination.requests == ["PUT /key"])
    }

    @Test func evidenceOfSamenessCostsNothing() async throws {
        let bench = try await Bench()
        try await bench.source.put(Self.body)
        try await bench.destination.put(Self.body)
        var evidence = try await bench.evidence()
        // Of one second they would be looked at.
        evidence.destination?.lastModified += 1000
        let outcome = try await bench.converge(evidence: evidence)
        #expect(outcome.action == .skipped)
        #expect(bench.source.requests + bench.destination.requests == [])
    }

    @Test func aFullRuleBelievesNoListing() async throws {
        var bench = try await Bench()
        bench.rule.copying.full = true
        try await bench.destination.put(Self.body)
        try await bench.source.put(Self.body) { $0.metadata.tags = [Tag("a", "1")] }
        var evidence = try await bench.evidence()
        evidence.source?.lastModified = 0
        #expect(try await bench.converge(evidence: evidence).action == .updated)
    }

    @Test func staleEvidenceIsCheckedBeforeTheWrite() async throws {
        let bench = try await Bench()
        try await bench.source.put(Self.body)
        let evidence = try await bench.evidence(seenAt: 0)
        try await bench.destination.put(Self.body)
        let outcome = try await bench.converge(evidence: evidence)
        #expect(outcome.reason == Decision.Reason.same.rawValue)
        #expect(bench.destination.count("PUT") == 0)
    }

    @Test func prefixesAreKeptApart() async throws {
        var bench = try await Bench()
        bench.rule.source.prefix = "from/"
        bench.rule.destination.prefix = "to/x-"
        try await bench.source.put(Self.body, "from/a/b")
        #expect(try await bench.converge("a/b").action == .copied)
        #expect(try await bench.destination.body("to/x-a/b") == Self.body)
    }

    /// Trap 33: a delete that travels hides the object where there are versions, and removes none.
    @Test func aDeleteRemovesNoVersion() async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.isVersioned = true
        let store = try QuirkyStore(quirks)
        var bench = try await Bench(to: .quirky(store))
        bench.rule.deletes = .propagate
        store.seed(bench.path("key"), Self.body)
        #expect(try await bench.converge().action == .deleted)
        #expect(store.objects.isEmpty)
        #expect(store.versions[bench.path("key")]?.count == 1)
    }

    @Test func cancellationIsTold() async throws {
        let bench = try await Bench()
        try await bench.source.put(Self.body)
        let replicator = Replicator(rule: bench.rule)
        let task = Task { () -> ReplicationError.Kind? in
            do {
                _ = try await replicator.converge("key")
                return nil
            } catch let error as ReplicationError {
                return error.kind
            }
        }
        task.cancel()
        #expect(try await task.value == .cancelled)
        #expect(try await bench.destination.body() == nil)
    }
}

extension Dialect {
    /// A store that is known to honour conditional writes.
    static var conditional: Dialect {
        var dialect = Dialect()
        dialect.conditionalWrites = .yes
        return dialect
    }
}
