import Functions
import Runtime
import S3

extension TransferReport {
    /// - Parameter failureList: where all failures are; nil when there are none.
    func json(failureList: String?) -> JSONValue {
        var members: [JSONValue.Member] = []
        func add(_ name: String, _ value: JSONValue) {
            members.append(JSONValue.Member(name: name, value: value))
        }
        add("run", .string(statement.run))
        add("status", .string(Self.word(result.ending)))
        add("exitCode", .int(Int(status.rawValue)))
        add("dryRun", .bool(isDryRun))
        add("copied", .int(result.copied))
        add("new", .int(result.copiedNew))
        add("updated", .int(result.updated))
        add("deleted", .int(isDryRun ? plannedDeletes : result.deleted))
        add("skipped", .int(result.unchanged))
        add("failed", .int(result.failed))
        add("bytes", .int(result.bytes))
        add("seconds", .seconds(elapsed))
        add(
            "proven",
            .object([
                "eTag": .int(result.proofs.eTag), "checksum": .int(result.proofs.checksum),
                "readBack": .int(result.proofs.readBack),
            ]))
        add(
            "source",
            .object([
                "objects": .int(result.tally.sourceObjects),
                "bytes": .int(result.tally.sourceBytes),
                "filtered": .int(result.tally.filtered),
            ]))
        add("onlyAtDestination", .int(result.extras))
        add("deletes", .string(result.deletes.rawValue))
        add("failures", .array(result.failures.map(FailureReport.json)))
        add("failureList", .optional(failureList))
        add("notes", .array(noteTexts.map { .string($0) }))
        if let message = budget?.failure(result)?.message ?? Self.message(result.ending) {
            add("error", .string(message))
        }
        if let estimate {
            add(
                "estimate",
                .object([
                    "get": .int(estimate.gets), "put": .int(estimate.puts),
                    "copy": .int(estimate.copies), "delete": .int(estimate.deletes),
                    "bytes": .int(estimate.bytes), "seconds": .seconds(estimate.duration),
                    "cost": .number(estimatedCost.exactDecimal),
                ]))
        }
        if let budget { add("budget", budget.json(result)) }
        add("bill", BillReport.json(statement))
        return .object(members)
    }

    /// As allowed by the guard.
    private var plannedDeletes: Int {
        result.deletes == .allowed ? result.deleted : 0
    }

    static func word(_ ending: ReconcileResult.Ending) -> String {
        switch ending {
        case .completed: "completed"
        case .cancelled: "interrupted"
        case .storeFailed: "storeFailed"
        case .failed: "failed"
        case .overBudget: "budgetReached"
        }
    }

    static func message(_ ending: ReconcileResult.Ending) -> String? {
        switch ending {
        case .completed, .cancelled: nil
        case .storeFailed(let failure): failure.message
        case .failed(let message): message
        case .overBudget(let message): message
        }
    }
}
