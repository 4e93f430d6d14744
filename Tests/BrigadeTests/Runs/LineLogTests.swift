import Foundation
import Testing

@testable import brigade

struct LineLogTests {
    private func text(_ path: String) throws -> String {
        try String(contentsOfFile: path, encoding: .utf8)
    }

    @Test func isMadeOnlyWhenThereIsALine() throws {
        let folder = ScratchFolder()
        let log = LineLog(path: folder.path + "/none.jsonl")
        log.close()
        #expect(!FileManager.default.fileExists(atPath: log.path))
        #expect(log.count == 0)
        #expect(log.failure == nil)
    }

    @Test func holdsEveryLineForItsOwnerAlone() throws {
        let folder = ScratchFolder()
        let log = LineLog(path: folder.path + "/some.jsonl")
        // More than the buffer, so that it is written in several turns.
        for number in 0..<3000 { log.append(.object(["number": .int(number)])) }
        log.close()
        let lines = try text(log.path).split(separator: "\n")
        #expect(lines.count == 3000)
        #expect(log.count == 3000)
        #expect(lines.first == #"{"number": 0}"#)
        #expect(lines.last == #"{"number": 2999}"#)
        #expect(try folder.mode("some.jsonl") == 0o600)
        #expect(log.note == nil)
    }

    @Test func linesOfSeveralTasksStayWhole() async throws {
        let folder = ScratchFolder()
        let log = LineLog(path: folder.path + "/many.jsonl")
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for line in 0..<500 { log.append(.string("\(task)-\(line)")) }
                }
            }
        }
        log.close()
        let lines = try text(log.path).split(separator: "\n").map(String.init)
        let expected = (0..<8).flatMap { task in (0..<500).map { "\"\(task)-\($0)\"" } }
        #expect(Set(lines) == Set(expected))
        #expect(lines.count == expected.count)
    }

    /// Neither a folder that is not there nor a full disk stops the run, but the user hears of it.
    @Test(arguments: ["/dev/null/no/such/folder.jsonl", "/dev/full"])
    func saysWhyLinesAreMissing(_ path: String) {
        let log = LineLog(path: path)
        log.append(.int(1))
        log.close()
        #expect(log.count == 1)
        #expect(log.failure != nil)
        #expect(log.note?.contains(path) == true)
    }
}
