import Foundation
import Testing

@testable import brigade

@Suite struct LogTailTests {
    /// A day's file that has grown large is given another name, and a new one has its own from then on.
    @Test func everyLineIsReadOnceThoughFilesAreRenamed() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (file, older) = (
            folder.appending(path: "2026-11-25.log"), folder.appending(path: "2026-11-25.0.log")
        )
        var tail = LogTail(folder: folder.path)
        try Data("first\nsecond\nhal".utf8).write(to: file)
        #expect(tail.newLines() == ["first", "second"])
        let handle = try FileHandle(forWritingTo: file)
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("f\n".utf8))
        try handle.close()
        try FileManager.default.moveItem(at: file, to: older)
        try Data("new\n".utf8).write(to: file)
        #expect(tail.newLines() == ["half", "new"])
        #expect(tail.newLines() == [])
    }
}
