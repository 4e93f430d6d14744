import S3
import Signing
import Testing

@testable import Replication

/// Object locks and ACLs travel where both stores have them; where not, the outcome says so.
@Suite struct LockAndACLTests {
    static let body = bytes(Sizes.small)
    static let until = "2099-01-01T00:00:00Z"

    enum Way: CaseIterable { case buffered, relayed, inParts }

    private func seed(
        _ store: QuirkyStore, _ bench: Bench, _ way: Way, isLocked: Bool = true
    ) {
        let lock = [
            "x-amz-object-lock-mode": "COMPLIANCE",
            "x-amz-object-lock-retain-until-date": Self.until,
            "x-amz-object-lock-legal-hold": "ON",
        ]
        let headers = isLocked ? lock : ["content-type": "text/plain"]
        switch way {
        case .buffered: store.seed(bench.sourcePath("key"), Self.body, headers: headers)
        case .relayed:
            store.seed(bench.sourcePath("key"), bytes(Sizes.relayed), headers: headers)
        case .inParts:
            store.seed(
                bench.sourcePath("key"), bytes(600_000), headers: headers,
                parts: [300_000, 300_000])
        }
    }

    /// Trap 36: a locked write carries a digest.
    @Test(arguments: Way.allCases)
    func retentionAndLegalHoldTravel(_ way: Way) async throws {
        let from = try QuirkyStore(.locking)
        let to = try QuirkyStore(.locking)
        let bench = try await Bench(from: .quirky(from), to: .quirky(to))
        seed(from, bench, way)
        let outcome = try await bench.converge()
        #expect(outcome.action == .copied)
        #expect(outcome.notes == [])
        let lock = try await bench.destination.head().metadata.lock
        #expect(lock?.mode == .compliance)
        #expect(lock?.retainUntil == Self.until)
        #expect(lock?.legalHold == true)
    }

    @Test(arguments: [QuirkyStore.Quirks.Locks.refused, .ignored])
    func aStoreWithoutLocksIsNoted(_ locks: QuirkyStore.Quirks.Locks) async throws {
        let from = try QuirkyStore(.locking)
        var quirks = QuirkyStore.Quirks()
        quirks.locks = locks
        let to = try QuirkyStore(quirks)
        let bench = try await Bench(from: .quirky(from), to: .quirky(to))
        for way in Way.allCases {
            seed(from, bench, way)
            to.change { $0.objects = [:] }
            let outcome = try await bench.converge()
            #expect(outcome.action == .copied)
            #expect(
                outcome.notes.contains { $0.hasPrefix("object lock is not supported by there") },
                "\(way)")
        }
    }

    @Test func aDateThatHasPassedIsLeftOut() async throws {
        let from = try QuirkyStore(.locking)
        let to = try QuirkyStore(.locking)
        let bench = try await Bench(from: .quirky(from), to: .quirky(to))
        from.seed(
            bench.sourcePath("key"), Self.body,
            headers: [
                "x-amz-object-lock-mode": "GOVERNANCE",
                "x-amz-object-lock-retain-until-date": "2001-01-01T00:00:00Z",
                "x-amz-object-lock-legal-hold": "ON",
            ])
        let outcome = try await bench.converge()
        #expect(outcome.notes == ["retention dates that have passed were not copied"])
        let lock = try await bench.destination.head().metadata.lock
        #expect(lock?.mode == nil)
        #expect(lock?.legalHold == true)
    }

    @Test func aRuleMayLeaveLocksBehind() async throws {
        let from = try QuirkyStore(.locking)
        let to = try QuirkyStore(.locking)
        var bench = try await Bench(from: .quirky(from), to: .quirky(to))
        bench.rule.copying.copiesLock = false
        seed(from, bench, .buffered)
        #expect(try await bench.converge().notes == [])
        #expect(try await bench.destination.head().metadata.lock == nil)
    }

    /// A new version made to change the metadata would be without the lock that the old one had.
    @Test func rewritingMetadataKeepsLockAndACL() async throws {
        var quirks = QuirkyStore.Quirks.locking
        quirks.hasACLs = true
        let from = try QuirkyStore(quirks)
        let to = try QuirkyStore(quirks)
        var bench = try await Bench(from: .quirky(from), to: .quirky(to))
        bench.rule.copying.copiesACL = true
        seed(from, bench, .buffered)
        from.change { state in
            for path in state.objects.keys { state.objects[path]?.acl = "public-read" }
        }
        _ = try await bench.converge()
        from.change { state in
            for path in state.objects.keys {
                state.objects[path]?.headers["x-amz-meta-new"] = "1"
            }
        }
        let outcome = try await bench.converge()
        #expect(outcome.action == .updated)
        #expect(outcome.bytes == 0)
        let head = try await bench.destination.head()
        #expect(head.metadata.user == [.init("new", "1")])
        #expect(head.metadata.lock?.mode == .compliance)
        #expect(head.metadata.lock?.legalHold == true)
        #expect(to.objects[bench.path("key")]?.acl == "public-read")
    }

    @Test(arguments: Way.allCases)
    func aCannedACLTravels(_ way: Way) async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.hasACLs = true
        let from = try QuirkyStore(quirks)
        let to = try QuirkyStore(quirks)
        var bench = try await Bench(from: .quirky(from), to: .quirky(to))
        bench.rule.copying.copiesACL = true
        seed(from, bench, way, isLocked: false)
        from.change { state in
            for path in state.objects.keys { state.objects[path]?.acl = "public-read" }
        }
        #expect(try await bench.converge().notes == [])
        #expect(to.objects[bench.path("key")]?.acl == "public-read")
    }

    @Test func aStoreWithoutACLsIsNoted() async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.hasACLs = true
        let from = try QuirkyStore(quirks)
        let to = try QuirkyStore()
        var bench = try await Bench(from: .quirky(from), to: .quirky(to))
        bench.rule.copying.copiesACL = true
        for (index, way) in Way.allCases.enumerated() {
            seed(from, bench, way, isLocked: false)
            from.change { state in
                for path in state.objects.keys { state.objects[path]?.acl = "public-read" }
            }
            to.change { $0.objects = [:] }
            let outcome = try await bench.converge()
            #expect(outcome.action == .copied)
            #expect(outcome.notes == ["ACLs are not supported by there"], "\(index)")
        }
    }
}

extension QuirkyStore.Quirks {
    static var locking: Self {
        var quirks = Self()
        quirks.locks = .kept
        return quirks
    }
}

extension ObjectLock {
    static var held: ObjectLock {
        var lock = ObjectLock()
        lock.legalHold = true
        return lock
    }
}
