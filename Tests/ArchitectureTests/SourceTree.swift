import Foundation

/// One text file of the repository.
struct SourceFile: Sendable {
    /// Relative to the repository's root, with `/`.
    let path: String
    let text: String

    /// The target a Swift file belongs to: the folder under `Sources`, or `Functions`; nil elsewhere.
    var target: String? {
        let parts = path.split(separator: "/")
        guard parts.count > 1 else { return nil }
        switch parts[0] {
        case "Sources": return parts.count > 2 ? String(parts[1]) : nil
        case "Functions": return "Functions"
        default: return nil
        }
    }

    var isTest: Bool { path.hasPrefix("Tests/") }

    /// Lines of the text, numbered from 1.
    var lines: [(number: Int, text: Substring)] {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated().map { (number: $0.offset + 1, text: $0.element) }
    }

    /// The same lines without comments and without what stands in string literals.
    var codeLines: [(number: Int, text: Substring)] {
        SourceFile(path: path, text: Self.code(of: text)).lines
    }

    /// Blanks comments and the contents of string literals, and keeps every line break.
    static func code(of text: String) -> String {
        var scanner = CodeScanner(bytes: Array(text.utf8))
        return String(decoding: scanner.scan(), as: UTF8.self)
    }
}

/// Tells code from comments and string literals; enough of Swift's grammar for checks by line.
private struct CodeScanner {
    let bytes: [UInt8]
    var index = 0
    var result: [UInt8] = []

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func scan() -> [UInt8] {
        while index < bytes.count {
            if starts("//") {
                while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
            } else if starts("/*") {
                skipBlockComment()
            } else if bytes[index] == UInt8(ascii: "\"") || starts("#\"") || starts("##\"") {
                skipString()
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return result
    }

    private func starts(_ token: String) -> Bool {
        let token = Array(token.utf8)
        return index + token.count <= bytes.count
            && bytes[index..<index + token.count].elementsEqual(token)
    }

    private mutating func skip(_ count: Int) {
        for _ in 0..<count where index < bytes.count {
            if bytes[index] == UInt8(ascii: "\n") { result.append(bytes[index]) }
            index += 1
        }
    }

    private mutating func skipBlockComment() {
        var depth = 0
        repeat {
            if starts("/*") {
                depth += 1
                skip(2)
            } else if starts("*/") {
                depth -= 1
                skip(2)
            } else {
                skip(1)
            }
        } while depth > 0 && index < bytes.count
    }

    private mutating func skipString() {
        var hashes = ""
        while bytes[index] == UInt8(ascii: "#") {
            hashes += "#"
            index += 1
        }
        let quote = starts("\"\"\"") ? "\"\"\"" : "\""
        skip(quote.utf8.count)
        while index < bytes.count {
            if hashes.isEmpty, bytes[index] == UInt8(ascii: "\\") {
                skip(2)
            } else if starts(quote + hashes) {
                skip(quote.utf8.count + hashes.utf8.count)
                break
            } else if quote.utf8.count == 1, bytes[index] == UInt8(ascii: "\n") {
                break
            } else {
                skip(1)
            }
        }
        result.append(contentsOf: Array("\"\"".utf8))
    }
}

/// The repository on disk, found from where this file stood when it was compiled.
struct SourceTree: Sendable {
    let root: URL
    let files: [SourceFile]

    static let swift = SourceTree(
        folders: ["Sources", "Functions", "Tests"], extensions: ["swift"])
    static let all = SourceTree(
        folders: ["Sources", "Functions", "Tests", "scripts", ".ci"],
        extensions: ["swift", "py", "h", "sh", ""])

    init(folders: [String], extensions: Set<String>, filePath: String = #filePath) {
        root = URL(filePath: filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let rootPath = root.path(percentEncoded: false)
        var found: [SourceFile] = []
        for folder in folders {
            let contents = FileManager.default.enumerator(
                at: root.appending(path: folder), includingPropertiesForKeys: nil)
            for case let file as URL in contents ?? .init() {
                let path = file.path(percentEncoded: false)
                guard extensions.contains(file.pathExtension), !path.contains("__pycache__"),
                    // Folders and binary files are not text.
                    let text = try? String(contentsOf: file, encoding: .utf8)
                else { continue }
                found.append(
                    SourceFile(path: String(path.dropFirst(rootPath.count)), text: text))
            }
        }
        files = found.sorted { $0.path < $1.path }
    }
}
