import Runtime
import Testing

@testable import brigade

struct ReplicateVerdictTests {
    private func verdict(
        _ status: InvocationAnswer.Status, _ payload: String, _ errorType: String? = nil
    ) -> ChangeVerdict {
        ReplicateVerdict.of(
            InvocationAnswer(
                status: status, payload: Array(payload.utf8), errorType: errorType,
                duration: .zero))
    }

    @Test(arguments: [
        ("Replication.archived", true), ("Replication.tooLarge", true),
        ("Store.accessDenied", true), ("Store.throttled", false), ("Store.unreachable", false),
        ("Unhandled", false), ("Replication.none-of-ours", false),
    ])
    func tellsWhatLastsFromWhatPasses(_ kind: String, _ isLasting: Bool) {
        let found = verdict(.error, #"{"errorMessage":"it says","errorType":"x"}"#, kind)
        #expect(
            found
                == (isLasting
                    ? .failed(kind: kind, message: "it says")
                    : .again(kind: kind, message: "it says")))
    }

    @Test func whatCannotBeReadIsTriedAgain() {
        for payload in ["", "null", "[]", "{", #"{"action":"flown"}"#] {
            guard case .again(let kind, _) = verdict(.success, payload) else {
                Issue.record("\(payload) is taken")
                continue
            }
            #expect(kind == "Unreadable")
        }
        #expect(
            verdict(.error, "<html>")
                == .again(kind: "Unhandled", message: "the function failed"))
    }
}
