import Functions
import Replication
import Runtime

/// What an audit found, for people and for tools.
struct VerifyReport: Sendable {
    var result: VerifyResult
    var mode: AuditMode
    var statement: Statement
    var elapsed: Duration
    /// Nil: none was set.
    var budget: BudgetReport?

    var text: String {
        let notes = result.notes.flatMap {
            TextLayout.wrap("Note: \($0)", width: TextLayout.widestColumns - 2)
        }
        let budgets = (budget?.texts ?? []).map { "  \($0)" }
        return ([sentence] + notes.map { "  \($0)" } + BillReport.lines(statement) + budgets)
            .joined(separator: "\n")
    }

    private var sentence: String {
        let time = Quantity.duration(elapsed)
        guard result.ending == .completed else {
            return "Stopped after \(time), before everything was compared"
                + (result.differing > 0
                    ? ": \(Quantity.count(result.differing)) differ so far." : ".")
        }
        let objects = Quantity.count(result.compared, "object")
        let size = Quantity.bytes(result.tally.sourceBytes)
        guard result.differing > 0 else {
            return result.compared == 0
                ? "Nothing to verify: neither side has objects (\(time))."
                : "Verified \(objects) (\(size)) \(way) in \(time): no difference."
        }
        return TextLayout.wrap(
            "Verified \(objects) (\(size)) \(way) in \(time): "
                + "\(Quantity.count(result.differing)) differ (\(FindingReport.tally(result))).",
            width: TextLayout.widestColumns
        ).joined(separator: "\n")
    }

    private var way: String {
        switch mode {
        case .etag: "by ETag"
        case .checksum: "by checksum"
        case .bytes: "by reading both sides"
        }
    }

    var status: ExitStatus {
        switch result.ending {
        case .cancelled: .interrupted
        case .storeFailed: .storeRefused
        case .failed: .usage
        case .overBudget: .guardStopped
        case .completed: result.differing > 0 ? .someFailed : .done
        }
    }

    func json(differenceList: String?) -> JSONValue {
        .object([
            "run": .string(statement.run),
            "status": .string(TransferReport.word(result.ending)),
            "exitCode": .int(Int(status.rawValue)), "mode": .string(mode.rawValue),
            "compared": .int(result.compared), "equal": .int(result.equal),
            "differing": .int(result.differing),
            "byKind": .object(
                result.byKind.sorted { $0.key < $1.key }.map {
                    JSONValue.Member(name: $0.key, value: .int($0.value))
                }),
            "bytes": .int(result.tally.sourceBytes), "seconds": .seconds(elapsed),
            "differences": .array(result.findings.map(FindingReport.json)),
            "differenceList": .optional(differenceList),
            "notes": .array(result.notes.map { .string($0) }),
            "budget": budget?.json(nil) ?? .null, "bill": BillReport.json(statement),
        ])
    }
}
