import Functions
import Glibc
import Replication
import Runtime
import S3

/// The demo, act by act: what it prints are the command's own reports.
struct DemoScript: Sendable {
    let stage: DemoStage
    let objects: DemoObjects
    let common: CommonOptions

    /// Throws what a command of the script would: then the demo has shown a defect.
    func play() async throws {
        var program = Program(stage: stage, common: common)
        let writer = try DemoWriter(stage: stage, objects: objects)
        program.end(stage.description)

        program.say("1  Fill the source.")
        let filled = try await writer.fill()
        program.end(filled.sentence)

        try await program.transfer("2  Copy everything.", deletes: false)

        program.say("3  The source changes.")
        program.end(try await writer.change())
        try await program.plan("   What would a sync do, and what would it cost?")
        try await program.transfer("   Do it.", deletes: true)

        program.say("4  Somebody damages the copy: " + (try await writer.damage()) + ".")
        let found = try await program.verify("   Does anybody notice?", mode: .etag)
        guard found.result.differing == DemoWriter.damaged else {
            throw CommandFailure(
                .someFailed,
                "verify found \(found.result.differing) of \(DemoWriter.damaged)"
                    + " damaged objects")
        }
        try await program.transfer("   Repair it.", deletes: true)

        if let events = stage.events {
            try await program.live(DemoLive(stage: stage, events: events, common: common))
        }

        let last = try await program.verify(
            "\(stage.events == nil ? 5 : 6)  Read both sides in full, and compare every byte.",
            mode: .bytes)
        guard last.status == .done else {
            throw CommandFailure(
                .someFailed, "\(last.result.differing) objects differ after the last sync")
        }
        program.finish()
    }
}

extension DemoScript {
    /// Runs commands as the user would, prints them with their reports, and adds up.
    struct Program {
        let stage: DemoStage
        let common: CommonOptions
        private let start = ContinuousClock.now
        private var steps: [JSONValue] = []
        private var copied = 0
        private var bytes: Int64 = 0
        private var invocations = 0
        private var total = Money.zero

        init(stage: DemoStage, common: CommonOptions) {
            self.stage = stage
            self.common = common
        }

        func say(_ text: String) {
            guard !common.json, !common.quiet else { return }
            StandardStreams.output(text)
        }

        /// The last of an act: a blank line follows.
        func end(_ text: String) { say(text + "\n\n") }

        mutating func transfer(_ title: String, deletes: Bool) async throws {
            let verb = deletes ? "sync" : "copy"
            announce(title, verb, deletes ? "--delete" : nil)
            var run = run()
            if deletes { run.deletes = .propagate }
            let (report, log, sides) = try await run.report(stage.compose)
            end(report.text)
            count(verb, report.json(failureList: nil), report.statement)
            copied += report.result.copied
            bytes += report.result.bytes
            if report.status != .done {
                run.isQuiet = true
                try await TransferRun.present(report, log, sides, stage.compose, run)
            }
        }

        mutating func plan(_ title: String) async throws {
            announce(title, "sync", "--delete --dry-run")
            var run = run()
            run.deletes = .propagate
            run.isDryRun = true
            let (report, _, _) = try await run.report(stage.compose)
            end(report.text)
            count("plan", report.json(failureList: nil), report.statement)
        }

        mutating func verify(_ title: String, mode: AuditMode) async throws -> VerifyReport {
            announce(title, "verify", mode == .etag ? nil : "--mode \(mode.rawValue)")
            var run = VerifyRun(source: stage.source, destination: stage.destination)
            run.command = "demo"
            run.mode = mode
            run.hasTitle = false
            run.isQuiet = common.quiet
            run.listsDifferences = !common.json && !common.quiet
            let (report, _, sides) = try await run.report(stage.compose)
            end(report.text)
            count("verify", report.json(differenceList: nil), report.statement)
            switch report.result.ending {
            case .completed: return report
            case .cancelled: throw DemoStage.interrupted
            case .storeFailed(let failure): throw await stage.compose.explain(failure, sides)
            case .failed(let message): throw CommandFailure(.someFailed, message)
            case .overBudget(let message): throw CommandFailure(.guardStopped, message)
            }
        }

        mutating func live(_ live: DemoLive) async throws {
            say(
                "5  From now on by itself: a rule, and a source that changes all the time.\n   $ brigade up"
            )
            let isSilent = common.json || common.quiet
            let (status, statement) = try await live.play { line in
                if !isSilent { StandardStreams.output("   \(line)") }
            }
            end(
                TextLayout.wrap(
                    ReplicationStatus(status: status, now: Int64(time(nil)) * 1000).line, width: 96
                ).map { "   \($0)\n" }.joined()
                    + "   \(Quantity.count(statement.invocations, "invocation")), \(statement.total) on rate card \(stage.compose.card.name)"
            )
            steps.append(
                .object([
                    "step": .string("live"),
                    "result": .object([
                        "replicated": .int(status.replicated),
                        "lagSeconds": .object([
                            "p50": .number("\(status.lagSeconds.p50 ?? 0)"),
                            "p99": .number("\(status.lagSeconds.p99 ?? 0)"),
                        ]), "invocations": .int(statement.invocations),
                        "total": .number(statement.total.exactDecimal),
                    ]),
                ]))
            invocations += statement.invocations
            total += statement.total
        }

        func finish() {
            let time = Quantity.duration(ContinuousClock.now - start)
            if common.json {
                StandardStreams.output(
                    JSONValue.object([
                        "copied": .int(copied), "bytes": .int(bytes),
                        "invocations": .int(invocations),
                        "total": .number(total.exactDecimal), "steps": .array(steps),
                    ]).text)
                return
            }
            say(
                "All of it in \(time): \(Quantity.count(copied, "object")) copied"
                    + " (\(Quantity.bytes(bytes))), each one proven;\nboth sides verified equal;"
                    + " \(Quantity.count(invocations, "invocation")), \(total) on rate card"
                    + " \(stage.compose.card.name).")
        }

        private func run() -> TransferRun {
            var run = TransferRun(source: stage.source, destination: stage.destination)
            run.command = "demo"
            run.hasTitle = false
            run.isQuiet = common.quiet
            run.isVerbose = common.verbose
            return run
        }

        private func announce(_ title: String, _ verb: String, _ flags: String?) {
            let command =
                ["brigade", verb, stage.source, stage.destination] + (flags.map { [$0] } ?? [])
            say("\(title)\n   $ \(command.joined(separator: " "))")
        }

        private mutating func count(_ step: String, _ result: JSONValue, _ statement: Statement) {
            steps.append(.object(["step": .string(step), "result": result]))
            invocations += statement.invocations
            total += statement.total
        }
    }
}
