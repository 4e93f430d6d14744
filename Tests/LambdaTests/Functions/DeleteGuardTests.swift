import S3
import Testing

@testable import Functions

struct DeleteGuardTests {
    @Test(
        arguments: [
            (false, 0, 9, 0, 9, .notAsked), (false, 5, 1, 10, 0, .notAsked),
            (true, 5, 0, 10, 0, .nothingToDelete), (true, 0, 0, 10, 3, .nothingToDelete),
            (true, 0, 1, 10, 0, .emptySource), (true, 0, 11, 10, 1, .emptySource),
            (true, 1, 10, 10, 0, .allowed), (true, 1, 11, 10, 0, .overCap),
            (true, 1, 1, 0, 0, .overCap), (true, 1, 11, 10, 1, .overCap),
            (true, 1, 10, 10, 1, .heldByFailures), (true, 1, 1, 1, 0, .allowed),
        ] as [(Bool, Int, Int, Int, Int, DeleteGuard.Verdict)])
    func decides(
        _ propagates: Bool, _ source: Int, _ extras: Int, _ cap: Int, _ failed: Int,
        _ verdict: DeleteGuard.Verdict
    ) {
        #expect(
            DeleteGuard.verdict(
                propagates: propagates, sourceObjects: source, extras: extras, maxDelete: cap,
                failed: failed) == verdict)
        #expect(verdict.isStop == [.overCap, .emptySource].contains(verdict))
    }
}

struct CircuitBreakerTests {
    /// "ok", or the failure of a key; "none" is one that is not the store's.
    private func trips(_ steps: [String]) -> Int? {
        var breaker = CircuitBreaker()
        for (index, step) in steps.enumerated() {
            if step == "ok" {
                breaker.succeeded()
            } else if breaker.failed(S3Error.Kind(rawValue: step)) {
                return index + 1
            }
        }
        return nil
    }

    private static func times(_ count: Int, _ step: String) -> [String] {
        [String](repeating: step, count: count)
    }

    @Test(
        arguments: [
            (times(7, "accessDenied"), nil), (times(8, "accessDenied"), 8),
            (times(4, "noSpace") + times(4, "unreachable"), 8),
            (times(7, "noSpace") + ["none"] + times(7, "noSpace"), nil),
            (times(7, "noSpace") + ["integrity"] + times(8, "noSpace"), 16),
            (["ok"] + times(63, "throttled"), nil), (["ok"] + times(64, "throttled"), 65),
            (["ok"] + times(63, "noSpace") + ["ok"] + times(63, "noSpace"), nil),
            (["ok"] + times(1000, "accessDenied"), nil), (times(1000, "none"), nil),
            (times(1000, "noSuchKey"), nil), ([], nil),
        ] as [([String], Int?)])
    func endsARunThatCanOnlyGoOnFailing(_ steps: [String], _ at: Int?) {
        #expect(trips(steps) == at)
    }

    @Test func aCancelledOrMissingObjectIsNoStoresFault() {
        for kind in [S3Error.Kind.cancelled, .noSuchKey, .archived, .integrity, .tooLarge] {
            #expect(!CircuitBreaker.concernsStore(kind))
        }
        for kind in [S3Error.Kind.noCredentials, .noSpace, .noSuchBucket, .untrusted] {
            #expect(CircuitBreaker.concernsStore(kind))
        }
    }
}
