import Functions
import Replication

/// What an audit found, for people and for tools.
enum FindingReport {
    static func line(_ finding: VerifyFinding) -> String {
        TextLayout.padded(words(finding.kind), to: 19) + "  \(finding.key)"
            + (finding.detail.isEmpty ? "" : "  \(finding.detail)")
    }

    static func words(_ kind: AuditFinding.Kind) -> String {
        switch kind {
        case .missing: "missing"
        case .extra: "extra"
        case .sizeDiffers: "size differs"
        case .contentDiffers: "content differs"
        case .metadataDiffers: "metadata differs"
        case .unreadable: "unreadable"
        case .undecided: "not comparable"
        }
    }

    static func json(_ finding: VerifyFinding) -> JSONValue {
        .object([
            "key": .key(finding.key), "kind": .string(finding.kind.rawValue),
            "detail": .string(finding.detail),
        ])
    }

    /// "12 missing, 3 extra"
    static func tally(_ result: VerifyResult) -> String {
        AuditFinding.Kind.allKinds.compactMap { kind in
            result.byKind[kind.rawValue].map { "\(Quantity.count($0)) \(words(kind))" }
        }.joined(separator: ", ")
    }
}

extension AuditFinding.Kind {
    /// As the report lists them.
    static let allKinds: [Self] = [
        .missing, .extra, .sizeDiffers, .contentDiffers, .metadataDiffers, .unreadable,
        .undecided,
    ]
}
