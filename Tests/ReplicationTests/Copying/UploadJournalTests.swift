import Foundation
import S3
import Signing
import Testing

@testable import Replication

/// What a process that was killed has left is aborted by the next; what a living one has open is spared.
@Suite struct UploadJournalTests {
    /// A directory that goes with the test.
    private final class Folder: Sendable {
        let path = NSTemporaryDirectory() + "journal-\(UInt64.random(in: 0 ... .max))"
        deinit { try? FileManager.default.removeItem(atPath: path) }

        var files: [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
        }

        /// What a process leaves that is killed now: its files, with nobody to hold their locks.
        func leave(_ text: String, _ name: String = "uploads-1-a.journal") throws {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(filePath: path + "/" + name))
        }
    }

    private func entry(
        _ bench: Bench, id: Int = 1, key: ObjectKey = "key", at time: Int64? = nil
    ) -> JournalEntry {
        JournalEntry(
            id: id, intendedAt: time ?? Timestamps.nowMilliseconds() - 5000,
            connection: "there",
            endpoint: "http://" + bench.destination.client.connection.authority,
            bucket: bench.destination.bucket, key: key)
    }

    private func text(_ lines: [UInt8]...) -> String {
        lines.map { String(decoding: $0, as: UTF8.self) }.joined()
    }

    private func begin(_ bench: Bench, _ key: ObjectKey = "key") async throws -> String {
        try await bench.destination.direct.createUpload(
            bench.destination.at(key), WriteOptions())
    }

    @Test func anUploadOfADeadProcessIsAborted() async throws {
        let bench = try await Bench()
        let folder = Folder()
        let id = try await begin(bench)
        let other = try await begin(bench)
        try folder.leave(text(entry(bench).beginLine, JournalEntry.startedLine(1, id)))
        let journal = try UploadJournal(directory: folder.path)
        #expect(await journal.sweep(bench.rule.destination) == 1)
        #expect(try await bench.destination.uploads.map(\.uploadID) == [other])
        #expect(folder.files.count == 1)
        #expect(await journal.sweep(bench.rule.destination) == 0)
    }

    /// Killed between the store's answer and the note of it.
    @Test func anIntentFindsItsUpload() async throws {
        let bench = try await Bench()
        let folder = Folder()
        _ = try await begin(bench)
        let other = try await begin(bench, "key2")
        try folder.leave(text(entry(bench).beginLine))
        let journal = try UploadJournal(directory: folder.path)
        #expect(await journal.sweep(bench.rule.destination) == 1)
        #expect(try await bench.destination.uploads.map(\.uploadID) == [other])
    }

    @Test func whatWasBegunBeforeTheIntentIsAnothers() async throws {
        let bench = try await Bench()
        let folder = Folder()
        let id = try await begin(bench)
        let later = Timestamps.nowMilliseconds() + 60_000
        try folder.leave(text(entry(bench, at: later).beginLine))
        let journal = try UploadJournal(directory: folder.path)
        #expect(await journal.sweep(bench.rule.destination) == 0)
        #expect(try await bench.destination.uploads.map(\.uploadID) == [id])
    }

    @Test func whatHasEndedIsLeftAlone() async throws {
        let bench = try await Bench()
        let folder = Folder()
        let id = try await begin(bench)
        try folder.leave(
            text(
                entry(bench).beginLine, JournalEntry.startedLine(1, id),
                JournalEntry.endedLine(1)))
        let journal = try UploadJournal(directory: folder.path)
        #expect(await journal.sweep(bench.rule.destination) == 0)
        #expect(try await bench.destination.uploads.count == 1)
        #expect(folder.files.count == 1)
    }

    @Test func anotherPlaceIsLeftForItsOwnSweep() async throws {
        let bench = try await Bench()
        let folder = Folder()
        let id = try await begin(bench)
        try folder.leave(text(entry(bench).beginLine, JournalEntry.startedLine(1, id)))
        let journal = try UploadJournal(directory: folder.path)
        var elsewhere = bench.rule.destination
        elsewhere.bucket = "elsewhere"
        #expect(await journal.sweep(elsewhere) == 0)
        #expect(folder.files.count == 2)
        #expect(await journal.sweep(bench.rule.destination) == 1)
    }

    @Test func whatCannotBeAbortedNowStaysNoted() async throws {
        let bench = try await Bench()
        let folder = Folder()
        let id = try await begin(bench)
        try folder.leave(text(entry(bench).beginLine, JournalEntry.startedLine(1, id)))
        let journal = try UploadJournal(directory: folder.path)
        bench.destination.proxy.follow { _ in [.answer(status: 403, body: "")] }
        #expect(await journal.sweep(bench.rule.destination) == 0)
        bench.destination.proxy.follow { _ in [] }
        #expect(await journal.sweep(bench.rule.destination) == 1)
        #expect(folder.files.count == 1)
    }

    @Test func aLivingProcessIsSpared() async throws {
        let bench = try await Bench()
        let folder = Folder()
        let living = try UploadJournal(directory: folder.path)
        let number = try living.begin(bench.destination.client, bench.destination.at("key"))
        let id = try await begin(bench)
        let journal = try UploadJournal(directory: folder.path)
        #expect(await journal.sweep(bench.rule.destination) == 0)
        // A dead one's intent for the same key cannot tell whose upload it is: it waits.
        try folder.leave(text(entry(bench).beginLine))
        #expect(await journal.sweep(bench.rule.destination) == 0)
        try living.started(number, uploadID: id)
        _ = try await begin(bench)
        #expect(await journal.sweep(bench.rule.destination) == 1)
        #expect(try await bench.destination.uploads.map(\.uploadID) == [id])
        living.ended(number)
    }

    /// A copy notes its upload while it runs, and a process killed then leaves just that.
    @Test func aCopyNotesItsUpload() async throws {
        let bench = try await Bench()
        let folder = Folder()
        let journal = try UploadJournal(directory: folder.path)
        let pieces = parts(300_000, 300_000)
        try await bench.source.put(parts: pieces)
        let copied = folder.path + "/uploads-0-killed.journal"
        bench.destination.proxy.spoil(
            .meanwhile {
                // As the file is at this moment, without the lock that a process holds.
                for name in folder.files {
                    try? FileManager.default.copyItem(
                        atPath: folder.path + "/" + name, toPath: copied)
                }
            }
        ) { $0.isPut }
        let replicator = Replicator(rule: bench.rule, journal: journal)
        _ = try await replicator.converge("key")
        let left = JournalEntry.open(in: Array(try Data(contentsOf: URL(filePath: copied))))
        #expect(left.map(\.key) == ["key"])
        #expect(left.first?.uploadID != nil)
        // The upload was completed since: nothing to abort, and the file goes.
        #expect(await journal.sweep(bench.rule.destination) == 0)
        #expect(folder.files.count == 1)
        #expect(try await bench.destination.body() == pieces.flatMap { $0 })
    }

    /// An upload whose abort failed stays noted.
    @Test func aFailedAbortIsSweptByTheNextProcess() async throws {
        let bench = try await Bench()
        let folder = Folder()
        try await bench.source.put(parts: parts(300_000, 300_000))
        bench.destination.proxy.follow { request in
            request.isPut || request.method == "DELETE" ? [.answer(status: 403, body: "")] : []
        }
        do {
            let journal = try UploadJournal(directory: folder.path)
            await #expect(throws: ReplicationError.self) {
                try await bench.converge(journal: journal)
            }
        }
        #expect(try await bench.destination.uploads.count == 1)
        bench.destination.proxy.follow { _ in [] }
        let next = try UploadJournal(directory: folder.path)
        #expect(await next.sweep(bench.rule.destination) == 1)
        #expect(try await bench.destination.uploads.isEmpty)
    }

    @Test func aJournalWithNothingOpenLeavesNoFile() throws {
        let folder = Folder()
        do {
            let journal = try UploadJournal(directory: folder.path)
            withExtendedLifetime(journal) { #expect(folder.files.count == 1) }
        }
        #expect(folder.files == [])
    }

    @Test func aDirectoryThatCannotBeMadeIsAnError() throws {
        #expect(throws: UploadJournal.Failure.self) {
            try UploadJournal(directory: "/dev/null/journal")
        }
    }

    @Test func theFileStaysSmallAndTrue() async throws {
        let bench = try await Bench()
        let folder = Folder()
        let journal = try UploadJournal(directory: folder.path)
        let client = bench.destination.client
        let kept = try journal.begin(client, bench.destination.at("kept"))
        try journal.started(kept, uploadID: "u")
        let longKey = ObjectKey(String(repeating: "k", count: 1000))
        for _ in 0..<600 {
            let id = try journal.begin(client, bench.destination.at(longKey))
            journal.ended(id)
        }
        let name = try #require(folder.files.first)
        let content = try Data(contentsOf: URL(filePath: folder.path + "/" + name))
        #expect(content.count < UploadJournal.compactionBytes + 4096)
        #expect(JournalEntry.open(in: Array(content)).map(\.uploadID) == ["u"])
        // The rewritten file is as locked as the first.
        let other = try UploadJournal(directory: folder.path)
        #expect(await other.sweep(bench.rule.destination) == 0)
        #expect(folder.files.contains(name))
        journal.ended(kept)
    }
}
