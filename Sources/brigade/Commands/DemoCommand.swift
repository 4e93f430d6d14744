import ArgumentParser

/// `brigade demo`
struct DemoCommand: ExampledCommand {
    static let example = """
        brigade demo
        BRIGADE_CONNECTION_MINIO=http://KEY:SECRET@127.0.0.1:9000 brigade demo --on minio
        """

    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "See it work: copy, change, sync, damage, live, verify, and the bill.",
        usage: "brigade demo [options]",
        discussion: """
            Starts two S3 endpoints on this machine, in a folder that it removes at the end. With \
            --on it works at a store of yours, in two buckets that it makes and removes.
            """)

    @Option(
        help: .init("A connection of yours (default: two endpoints here).", valueName: "name"))
    var on: String?
    @Option(help: .init("How many objects, 100 to 1,000,000.", valueName: "n"))
    var objects = 3000
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (100...1_000_000).contains(objects) else {
            throw ValidationError("--objects must be from 100 to 1000000, not \(objects).")
        }
    }

    mutating func run() async throws {
        let objects = DemoObjects(count: objects)
        let common = common
        let stage =
            if let on { try await DemoStage.onStore(on, common) } else {
                try await DemoStage.onThisMachine(common)
            }
        let script = DemoScript(stage: stage, objects: objects, common: common)
        var failure: (any Error)?
        do {
            try await script.play()
        } catch {
            failure = Task.isCancelled ? DemoStage.interrupted : error
        }
        // Not a child: what was made is taken away also after Ctrl-C.
        let leftovers = await Task { await stage.close() }.value
        if let error = DemoStage.ending(failure, leftovers) { throw error }
    }
}
