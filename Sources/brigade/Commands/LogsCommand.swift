import ArgumentParser
import Glibc

/// `brigade logs NAME`
struct LogsCommand: ExampledCommand {
    static let example = """
        brigade logs hello
        brigade logs hello --follow
        brigade logs hello --request 8f5b2c1e-0000-4000-8000-000000000000
        """

    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "A function's log: its own lines, and START, END and REPORT of every invocation.")

    @Argument(help: "The function's name.")
    var name: String
    @Flag(name: .shortAndLong, help: "Go on with new lines until Ctrl-C (default: off).")
    var follow = false
    @Option(help: .init("Only this invocation's lines (default: all).", valueName: "id"))
    var request: String?
    @Option(help: .init("Only the last so many lines (default: all).", valueName: "count"))
    var last: Int?
    @Flag(help: "With the time of each line and its stream (default: off).")
    var long = false
    @Option(
        help: .init("The state folder (default: ~/.local/state/brigade).", valueName: "dir"))
    var state: String?

    mutating func run() async throws {
        let folder =
            StateFolder(option: state, environment: Compose.processEnvironment).path
            + "/logs/\(name)"
        guard !name.contains("/"), name != "..", access(folder, R_OK) == 0 else {
            throw CommandFailure(
                .usage, "the function \"\(name)\" has no log in this state folder",
                advice: "It has one once it was invoked. See what there is: brigade functions")
        }
        var tail = LogTail(folder: folder)
        var lines = tail.newLines().compactMap(shown)
        if let last { lines = Array(lines.suffix(max(0, last))) }
        if !lines.isEmpty { StandardStreams.output(lines.joined(separator: "\n")) }
        guard follow else { return }
        while !Task.isCancelled {
            // The end of the command, which is no error.
            do { try await Task.sleep(for: .milliseconds(100)) } catch { return }
            let lines = tail.newLines().compactMap(shown)
            if !lines.isEmpty { StandardStreams.output(lines.joined(separator: "\n")) }
        }
    }

    private func shown(_ line: Substring) -> String? {
        let fields = line.split(separator: "\t", maxSplits: 3, omittingEmptySubsequences: false)
        guard fields.count == 4, request == nil || fields[2] == request![...] else { return nil }
        return long ? "\(fields[0])  \(fields[1])  \(fields[3])" : String(fields[3])
    }
}

/// Reads a function's files as they grow, each whole line once.
struct LogTail {
    private let folder: String
    /// How far each was read, by its number: a file that has grown large is given another name.
    private var read: [UInt64: Int] = [:]

    init(folder: String) { self.folder = folder }

    mutating func newLines() -> [Substring] {
        var lines: [Substring] = []
        for name in names() {
            let descriptor = open("\(folder)/\(name)", O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { continue }
            let number = UInt64(status.st_ino)
            let start = read[number] ?? 0
            let bytes = Self.bytes(descriptor, start..<max(start, Int(status.st_size)))
            guard let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else { continue }
            read[number] = start + end + 1
            lines += String(decoding: bytes[..<end], as: UTF8.self).split(
                separator: "\n", omittingEmptySubsequences: true)
        }
        return lines
    }

    /// In the order of their lines: a day's older part comes before it.
    private func names() -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".log") { names.append(name) }
        }
        return names.sorted()
    }

    private static func bytes(_ descriptor: Int32, _ range: Range<Int>) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        let count = pread(descriptor, &bytes, bytes.count, range.lowerBound)
        return Array(bytes.prefix(max(0, count)))
    }
}
