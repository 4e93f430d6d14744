import Replication
import S3
import Transport

/// Writes, changes and damages the demo's objects, as the world around a backup does.
struct DemoWriter: Sendable {
    /// Objects that ``damage()`` harms.
    static let damaged = 3
    private static let writesAtOnce = 32

    private let source: Place
    private let destination: Place
    private let objects: DemoObjects
    private let terminal: Terminal
    private let explain: @Sendable (S3Error) async -> CommandFailure

    init(stage: DemoStage, objects: DemoObjects) throws(CommandFailure) {
        let compose = stage.compose
        let sides = try [compose.side(stage.source), compose.side(stage.destination)]
        source = sides[0].place
        destination = sides[1].place
        self.objects = objects
        terminal = compose.terminal
        explain = { error in await compose.explain(.init(error), sides) }
    }

    struct Filled {
        var objects = 0
        var bytes: Int64 = 0
        /// Keys that the store does not take.
        var refused: [ObjectKey] = []

        var sentence: String {
            var text =
                "   \(Quantity.count(objects, "object")), \(Quantity.bytes(bytes)): photos,"
                + " documents, logs, an archive in parts, and names like\n"
                + "   \"odd/two//slashes\", \"odd/../dots\", \"odd/grüße/日本語/😀\"."
            if !refused.isEmpty {
                text +=
                    "\n   This store does not take \(Quantity.count(refused.count, "name"))"
                    + " that S3 allows; they are left out."
            }
            return text
        }
    }

    func fill() async throws -> Filled {
        let filled = Locked(Filled())
        let total = objects.count
        try await each(0..<total) { number in
            let item = objects.item(number)
            try await put(item)
            let done = filled.withLock { filled in
                filled.objects += 1
                filled.bytes += Int64(item.bytes)
                return filled.objects
            }
            if done % 200 == 0, terminal.isInteractive {
                terminal.draw(["  \(Quantity.count(done)) of \(Quantity.count(total)) written"])
            }
        }
        terminal.clear()
        try await each(objects.difficultItems) { item in
            do {
                try await put(item)
                filled.withLock { filled in
                    filled.objects += 1
                    filled.bytes += Int64(item.bytes)
                }
            } catch let error as S3Error where Self.isRefusal(error) {
                filled.withLock { $0.refused.append(item.key) }
            }
        }
        try await writeArchive()
        return filled.withLock { filled in
            filled.objects += 1
            filled.bytes += Int64(DemoObjects.archiveParts * DemoObjects.archivePartBytes)
            return filled
        }
    }

    /// - Returns: what changed, in a sentence.
    func change() async throws -> String {
        let count = objects.count
        // Disjoint, so that the numbers are those of the sync.
        let again = (0..<count).filter { $0 % 33 == 0 }
        let new = count..<(count + count / 50)
        let gone = (0..<count).filter { $0 % 101 == 50 && $0 % 33 != 0 }
        let labelled = (0..<count).filter { $0 % 97 == 5 && $0 % 33 != 0 && $0 % 101 != 50 }
        try await each(again) { try await put(objects.item($0), edition: 1) }
        try await each(new) { try await put(objects.item($0)) }
        try await each(gone) { number in
            try await source.client.deleteObject(address(source, objects.item(number).key))
        }
        try await each(labelled) { number in
            var item = objects.item(number)
            item.metadata.user.append(.init("reviewed", "yes"))
            try await put(item)
        }
        return "   \(Quantity.count(again.count)) objects written again,"
            + " \(Quantity.count(new.count)) new, \(Quantity.count(gone.count)) deleted,"
            + " \(Quantity.count(labelled.count)) with other metadata."
    }

    /// Behind the back of everyone who compares times and sizes only.
    func damage() async throws -> String {
        try await destination.client.deleteObject(address(destination, objects.item(7).key))
        for item in [objects.item(1), objects.item(4)] {
            var body = DemoObjects.body(item.key, bytes: item.bytes)
            // One bit.
            body[item.bytes / 2] ^= 1
            var options = WriteOptions()
            options.metadata = item.metadata
            _ = try await destination.client.putObject(
                address(destination, item.key), body: body, options)
        }
        return "one bit flipped in two objects, a third deleted"
    }

    private func put(_ item: DemoObjects.Item, edition: Int = 0) async throws {
        let body = DemoObjects.body(item.key, bytes: item.bytes, edition: edition)
        var options = WriteOptions()
        options.metadata = item.metadata
        let place = address(source, item.key)
        do {
            _ = try await source.client.putObject(place, body: body, options)
        } catch {
            guard Self.isRefusal(error), options.metadata.tags != nil else { throw error }
            // A store without tags: the object without them.
            options.metadata.tags = nil
            _ = try await source.client.putObject(place, body: body, options)
        }
    }

    private func writeArchive() async throws {
        let place = address(source, DemoObjects.archive)
        let client = source.client
        let id = try await client.createUpload(place, WriteOptions())
        do {
            var parts: [UploadPart] = []
            for number in 1...DemoObjects.archiveParts {
                let body = DemoObjects.body(
                    DemoObjects.archive, bytes: DemoObjects.archivePartBytes, edition: number)
                parts.append(
                    try await client.uploadPart(place, uploadID: id, number: number, body: body))
            }
            _ = try await client.completeUpload(
                place, uploadID: id, parts: parts, condition: .none)
        } catch {
            // Best effort: closing the stage lists what is left.
            _ = try? await client.abortUpload(place, uploadID: id)
            throw error
        }
    }

    private static func isRefusal(_ error: S3Error) -> Bool {
        switch error.kind {
        case .invalidRequest, .notSupported, .unavailable, .noSuchKey, .conflict: true
        default: false
        }
    }

    private func address(_ place: Place, _ key: ObjectKey) -> ObjectAddress {
        ObjectAddress(bucket: place.bucket, key: place.prefix + key)
    }

    /// A bounded number at once.
    private func each<Items: Sequence & Sendable>(
        _ items: Items, _ work: @escaping @Sendable (Items.Element) async throws -> Void
    ) async throws where Items.Element: Sendable {
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                var rest = items.makeIterator()
                var atOnce = 0
                while let item = rest.next() {
                    if atOnce >= Self.writesAtOnce { try await group.next() }
                    group.addTask { try await work(item) }
                    atOnce += 1
                }
                try await group.waitForAll()
            }
        } catch let error as S3Error where !Task.isCancelled {
            throw await explain(error)
        }
    }
}
