import Functions
import Lambda
import Replication
import Runtime

/// What an answer of `replicate` means for the key: it is in step, it may go well later, or it will not by itself.
enum ReplicateVerdict {
    static func of(_ answer: InvocationAnswer) -> ChangeVerdict {
        guard answer.status == .success else {
            let kind = answer.errorType ?? "Unhandled"
            let message = message(answer.payload) ?? "the function failed"
            return ReplicateFailure.lasting.contains(kind)
                ? .failed(kind: kind, message: message) : .again(kind: kind, message: message)
        }
        do {
            let outcome = try LambdaJSON.decode(
                Outcome.self, from: answer.payload, function: ReplicateFunction.name)
            guard outcome.reason != Decision.Reason.deleteHeld.rawValue else {
                return .failed(
                    kind: ChangeStatus.heldDelete,
                    message:
                        "gone from the source, and the rule has done all the deletes that it may"
                        + " in 24 hours (maxDelete): a person must agree")
            }
            return .done(deleted: outcome.action == .deleted)
        } catch {
            return .again(kind: "Unreadable", message: "\(error)")
        }
    }

    private struct Message: Decodable { var errorMessage: String }

    private static func message(_ payload: [UInt8]) -> String? {
        // It may be anything.
        try? LambdaJSON.decode(Message.self, from: payload, function: "replicate").errorMessage
    }
}
