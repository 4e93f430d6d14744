import Functions
import Replication
import Runtime
import S3

/// What a copy or a sync did, for people and for tools.
struct TransferReport: Sendable {
    var result: ReconcileResult
    var statement: Statement
    var elapsed: Duration
    var isDryRun = false
    var maxDelete = ReconcileEvent.defaultMaxDelete
    var estimate: TransferEstimate?
    /// Of the estimated work.
    var estimatedCost = Money.zero
    /// Nil: none was set.
    var budget: BudgetReport?

    var text: String {
        (isDryRun ? planned : [done] + details + BillReport.lines(statement) + budgets)
            .joined(separator: "\n")
    }

    /// "Copied 12,408 objects (4.2 GiB) in 0:38, every one proven (11,902 by ETag, 506 by checksum)."
    private var done: String {
        let time = Quantity.duration(elapsed)
        var sentences: [String] = []
        if result.copied > 0 {
            sentences.append(
                "Copied \(Quantity.count(result.copied, "object")) (\(Quantity.bytes(result.bytes)))"
                    + " in \(time)\(proven).")
        }
        var others: [String] = []
        if result.updated > 0 {
            others.append("updated the metadata of \(Quantity.count(result.updated))")
        }
        if result.deleted > 0 { others.append("deleted \(Quantity.count(result.deleted))") }
        if result.failed > 0 { others.append("\(Quantity.count(result.failed)) failed") }
        if !others.isEmpty {
            let text = others.joined(separator: ", ")
            sentences.append(
                text.prefix(1).uppercased() + text.dropFirst()
                    + (sentences.isEmpty ? " in \(time)." : "."))
        }
        if sentences.isEmpty {
            sentences.append(nothingToDo(time))
        } else if result.unchanged > 0 {
            sentences.append("\(Quantity.count(result.unchanged)) were in step.")
        }
        return TextLayout.wrap(sentences.joined(separator: " "), width: TextLayout.widestColumns)
            .joined(separator: "\n")
    }

    private func nothingToDo(_ time: String) -> String {
        // What was not listed to its end is not known to be empty or in step.
        guard result.ending == .completed else { return "Copied nothing in \(time)." }
        guard result.tally.sourceObjects > 0 else {
            return result.tally.filtered > 0
                ? "Nothing to copy: the filter leaves no object of the source (\(time))."
                : "Nothing to copy: the source has no objects (\(time))."
        }
        return "Nothing to copy: \(Quantity.count(result.unchanged, "object")) "
            + "(\(Quantity.bytes(result.tally.sourceBytes))) in step, looked at in \(time)."
    }

    private var proven: String {
        let proofs = result.proofs
        var ways: [String] = []
        if proofs.eTag > 0 { ways.append("\(Quantity.count(proofs.eTag)) by ETag") }
        if proofs.checksum > 0 { ways.append("\(Quantity.count(proofs.checksum)) by checksum") }
        if proofs.readBack > 0 {
            ways.append("\(Quantity.count(proofs.readBack)) by reading back")
        }
        guard !ways.isEmpty else { return "" }
        let all = proofs.eTag + proofs.checksum + proofs.readBack
        return (all == result.copied ? ", every one proven (" : ", proven (")
            + ways.joined(separator: ", ") + ")"
    }

    /// What is beside the numbers: deletes that were held, what could not travel.
    private var details: [String] {
        var lines: [String] = []
        switch result.deletes {
        case .overCap, .emptySource:
            break  // The guard has a message of its own.
        case .heldByFailures:
            lines.append(
                "\(Quantity.count(result.extras, "object")) only at the destination: not deleted, because"
                    + " \(Quantity.count(result.failed)) failed.")
        case .notAsked where result.extras > 0 && result.ending == .completed:
            lines.append(
                "\(Quantity.count(result.extras, "object")) only at the destination, kept.")
        case .notAsked, .nothingToDelete, .allowed, .notCompared:
            break
        }
        return Self.indented(lines) + notes
    }

    /// What was counted stands first: there are few kinds of it.
    var noteTexts: [String] {
        result.notKept.map { lost in
            "\(lost.kind.rawValue) not kept: \(Quantity.count(lost.objects, "object"))"
                + " (\(lost.values.sorted().joined(separator: ", ")))"
        } + result.notes
    }

    private var notes: [String] {
        let texts = noteTexts
        var lines = texts.prefix(Self.notesShown).map { "Note: \($0)" }
        if texts.count > Self.notesShown {
            lines.append("and \(Quantity.count(texts.count - Self.notesShown, "more note")).")
        }
        return Self.indented(lines)
    }

    private var budgets: [String] { Self.indented(budget?.texts ?? []) }

    private static func indented(_ lines: [String]) -> [String] {
        lines.flatMap { TextLayout.wrap($0, width: TextLayout.widestColumns - 2) }
            .map { "  \($0)" }
    }

    private static let notesShown = 5

    /// The stop of the guard, or nil.
    var guardFailure: CommandFailure? {
        switch result.deletes {
        case .overCap:
            CommandFailure(
                .guardStopped,
                "\(Quantity.count(result.extras, "object")) would be deleted, more than the cap of "
                    + "\(Quantity.count(maxDelete)): nothing was deleted",
                advice: "If that is right, run it again with --max-delete \(result.extras).")
        case .emptySource:
            CommandFailure(
                .guardStopped,
                "the source has no objects and the destination has "
                    + "\(Quantity.count(result.extras)): nothing was deleted",
                advice: "Is the source the right one? An empty source never deletes.")
        case .notAsked, .nothingToDelete, .allowed, .heldByFailures, .notCompared:
            nil
        }
    }

    private var planned: [String] {
        var lines: [String] = []
        let counts = [
            result.copied, result.updated, result.extras, result.unchanged, result.failed,
        ].map { Quantity.count($0) }
        let width = max(6, counts.map(\.count).max() ?? 0)
        func row(_ verb: String, _ count: String, _ size: String, _ words: String) -> String {
            let text =
                "  " + TextLayout.padded(verb, to: 12) + " "
                + TextLayout.rightAligned(count, to: width) + "   "
                + TextLayout.padded(size, to: 10) + words
            return String(text.reversed().drop { $0 == " " }.reversed())
        }
        let changed = result.copied - result.copiedNew
        lines.append(
            row(
                "would copy", counts[0], Quantity.bytes(result.bytes),
                result.copied == 0
                    ? ""
                    : "new \(Quantity.count(result.copiedNew)), changed \(Quantity.count(changed))")
        )
        lines.append(
            row("would update", counts[1], "", result.updated == 0 ? "" : "metadata only"))
        if result.deletes != .notAsked {
            lines.append(row("would delete", counts[2], "", deletesPlanned))
        } else if result.extras > 0 {
            lines.append(row("would keep", counts[2], "", "only at the destination"))
        }
        lines.append(row("unchanged", counts[3], "", ""))
        if result.failed > 0 { lines.append(row("failed", counts[4], "", "see below")) }
        lines += notes
        if let estimate { lines += Self.indented([estimated(estimate)]) }
        return lines
    }

    private var deletesPlanned: String {
        switch result.deletes {
        case .overCap: "STOPPED: more than the cap of \(Quantity.count(maxDelete)) (--max-delete)"
        case .emptySource: "STOPPED: the source has no objects"
        case .heldByFailures: "held: some objects could not be looked at"
        default: ""
        }
    }

    private func estimated(_ estimate: TransferEstimate) -> String {
        let lists = statement.requests.filter { $0.usage.requestClass == "LIST" }
            .reduce(0) { $0 + $1.usage.requests }
        let requests = [
            (estimate.gets, "GET"), (estimate.puts, "PUT"), (estimate.copies, "COPY"),
            (estimate.deletes, "DELETE"), (lists, "LIST"),
        ].filter { $0.0 > 0 }.map { "\(Quantity.count($0.0)) \($0.1)" }
        return "Estimated: \(requests.joined(separator: ", ")), \(estimatedCost); "
            + "about \(Quantity.duration(estimate.duration))."
    }

    var status: ExitStatus {
        switch result.ending {
        case .cancelled: return .interrupted
        case .storeFailed: return .storeRefused
        case .failed: return .usage
        case .overBudget: return .guardStopped
        case .completed: break
        }
        if isRefusedThroughout { return .storeRefused }
        if result.deletes.isStop || budget?.plannedOver != nil { return .guardStopped }
        return result.failed > 0 ? .someFailed : .done
    }

    /// Nothing was done, and every failure has the same cause, which is the store's.
    var isRefusedThroughout: Bool {
        guard result.failed > 0, result.copied + result.updated + result.deleted == 0,
            let first = result.failures.first?.store
        else { return false }
        let kinds: [S3Error.Kind] = [
            .accessDenied, .badCredentials, .expiredCredentials, .noCredentials, .unreachable,
            .untrusted, .noSuchBucket, .noSpace,
        ]
        return kinds.contains(first.kind)
            && result.failures.allSatisfy {
                $0.store?.kind == first.kind && $0.store?.connection == first.connection
            }
    }
}
