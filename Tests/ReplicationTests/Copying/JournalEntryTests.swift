import S3
import TestSupport
import Testing

@testable import Replication

@Suite struct JournalEntryTests {
    private static func entry(_ id: Int, _ key: ObjectKey) -> JournalEntry {
        JournalEntry(
            id: id, intendedAt: 1_700_000_000_000, connection: "a b\t", endpoint: "http://h:1",
            bucket: "bucket", key: key)
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func whatIsWrittenIsRead(_ seed: UInt64) {
        var generator = SeededRandom(seed: seed)
        var lines: [UInt8] = []
        var expected: [JournalEntry] = []
        for id in 1...20 {
            // Any bytes, line ends and tabs among them.
            let key = ObjectKey(generator.bytes(count: Int.random(in: 1...40, using: &generator)))
            var entry = Self.entry(id, key)
            lines += entry.beginLine
            if Bool.random(using: &generator) {
                entry.uploadID = "id/\(id)\n+%\t"
                lines += JournalEntry.startedLine(id, "id/\(id)\n+%\t")
            }
            if Bool.random(using: &generator) {
                lines += JournalEntry.endedLine(id)
            } else {
                expected.append(entry)
            }
        }
        #expect(JournalEntry.open(in: lines) == expected, "seed \(seed)")
        // Cut anywhere, it tells what whole lines say, and never an upload that was not begun.
        let cut = Int.random(in: 0..<lines.count, using: &generator)
        let some = JournalEntry.open(in: Array(lines[..<cut]))
        #expect(some.allSatisfy { $0.connection == "a b\t" && (1...20).contains($0.id) })
    }

    @Test(arguments: [
        "", "\n", "begin\n", "begin\t1\n", "begin\tx\t1\tc\te\tb\tk\n", "begin\t1\tx\tc\te\tb\tk\n",
        "begin\t1\t1\tc\te\tb\t%zz\n", "begin\t1\t1\tc\te\tb\tk", "started\t1\tid\n",
        "other\t1\t1\tc\te\tb\tk\n",
    ])
    func otherLinesArePassedOver(_ text: String) {
        #expect(JournalEntry.open(in: Array(text.utf8)) == [])
    }

    @Test func theFormIsAsDocumented() {
        let entry = Self.entry(7, "a b")
        #expect(
            entry.beginLine
                == Array(
                    "begin\t7\t1700000000000\ta%20b%09\thttp%3A%2F%2Fh%3A1\tbucket\ta%20b\n".utf8))
        #expect(JournalEntry.startedLine(7, "u") == Array("started\t7\tu\n".utf8))
        #expect(JournalEntry.endedLine(7) == Array("ended\t7\n".utf8))
    }
}
