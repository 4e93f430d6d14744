import Foundation
import Testing

@testable import Runtime

@Suite struct FunctionLogFilesTests {
    private let version = FunctionVersion(
        functionName: "f", functionARN: "arn:aws:lambda:us-east-1:000000000000:function:f",
        runtime: "test", handler: "x")

    private func with(_ body: (FunctionLogFiles, URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "brigade-logs-\(UUID().uuidString)")
        defer {
            // What is left over is the machine's to clean.
            try? FileManager.default.removeItem(at: folder)
        }
        try await body(FunctionLogFiles(folder: folder.path), folder)
    }

    /// Of each line of the only file, what follows its time.
    private func lines(_ folder: URL) throws -> [String] {
        let files = try FileManager.default.contentsOfDirectory(
            at: folder.appending(path: "f"), includingPropertiesForKeys: nil)
        #expect(files.count == 1)
        return try String(contentsOf: #require(files.first), encoding: .utf8)
            .split(separator: "\n").map { String($0.drop { $0 != "\t" }.dropFirst()) }
    }

    @Test func linesAreThereWhenTheyAreAppended() async throws {
        try await with { log, folder in
            log.append("init", function: version, stream: "s", requestID: nil)
            log.append(["END", "two\nlines"], function: version, stream: "s", requestID: "r")
            let found = try lines(folder)
            #expect(found == ["s\t-\tinit", "s\tr\tEND", "s\tr\ttwo\rlines"])
        }
    }

    @Test func heldLinesComeInTheirOrder() async throws {
        try await with { log, folder in
            log.hold(["START"], function: version, stream: "s", requestID: "r")
            log.append("text", function: version, stream: "s", requestID: "r")
            let found = try lines(folder)
            #expect(found == ["s\tr\tSTART", "s\tr\ttext"])
        }
    }

    @Test(.timeLimit(.minutes(1))) func aHeldLineIsNotHeldForLong() async throws {
        try await with { log, folder in
            for number in 1...3 {
                log.hold(["START"], function: version, stream: "s", requestID: "\(number)")
            }
            while !FileManager.default.fileExists(atPath: folder.appending(path: "f").path) {
                try await Task.sleep(for: .milliseconds(5))
            }
            let found = try lines(folder)
            #expect(found == (1...3).map { "s\t\($0)\tSTART" })
        }
    }

    @Test func heldLinesSurviveTheLog() async throws {
        try await with { _, folder in
            do {
                let log = FunctionLogFiles(folder: folder.path)
                log.hold(["START"], function: version, stream: "s", requestID: "r")
            }
            while !FileManager.default.fileExists(atPath: folder.appending(path: "f").path) {
                // Until the release that keeps the log alive has come.
                try await Task.sleep(for: .milliseconds(5))
            }
            let found = try lines(folder)
            #expect(found == ["s\tr\tSTART"])
        }
    }

    @Test func aLineIsCutAndAFullDiskStopsNothing() async throws {
        try await with { log, folder in
            log.append(
                String(repeating: "x", count: FunctionLogFiles.lineMaximum + 1),
                function: version, stream: "s", requestID: "r")
            let line = try lines(folder)[0]
            #expect(line.utf8.count == FunctionLogFiles.lineMaximum + 4)
            let nowhere = FunctionLogFiles(folder: "/dev/null/logs")
            nowhere.append(["a", "b"], function: version, stream: "s", requestID: "r")
            #expect(nowhere.lost == 2)
        }
    }
}
