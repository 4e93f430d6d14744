import Functions
import Replication
import S3

/// The line of one object, where they were asked for.
enum ObjectLine {
    static func text(_ key: ObjectKey, _ outcome: Outcome, isDryRun: Bool) -> String {
        let verb: String
        switch outcome.action {
        case .copied: verb = isDryRun ? "would copy" : "copied"
        case .updated: verb = isDryRun ? "would update" : "updated"
        case .deleted: verb = isDryRun ? "would delete" : "deleted"
        case .skipped: verb = "skipped"
        }
        var fields = [TextLayout.padded(verb, to: isDryRun ? 12 : 7), key.description]
        if outcome.action == .copied { fields.append(Quantity.bytes(outcome.bytes)) }
        fields.append(outcome.reason)
        if let proof = proof(outcome.proof) { fields.append(proof) }
        return fields.joined(separator: "  ")
    }

    static func text(_ failure: ReconcileFailure) -> String {
        "failed   \(failure.key)  \(failure.message)"
    }

    static func proof(_ proof: Proof) -> String? {
        switch proof {
        case .eTag: "proven by ETag"
        case .checksum: "proven by checksum"
        case .readBack: "proven by reading back"
        case .none: nil
        }
    }
}
