/// Rules that hold for the text of every file. Each returns what breaks it, as `path:line: what`.
enum HouseRules {
    static let longestFileLines = 500

    /// Where the compiler's checks of shared state may be switched off, and why.
    static let uncheckedAllowed: [String: String] = [
        "Sources/Transport/Locked.swift": "the lock itself: a pthread mutex and the value it guards"
    ]

    static func tooLong(_ file: SourceFile) -> [String] {
        let count = file.lines.count - (file.text.hasSuffix("\n") ? 1 : 0)
        return count > longestFileLines
            ? ["\(file.path): \(count) lines, more than \(longestFileLines)"] : []
    }

    static func unchecked(
        _ file: SourceFile, allowed: [String: String] = uncheckedAllowed
    ) -> [String] {
        guard file.target != nil, allowed[file.path] == nil else { return [] }
        return occurrences(
            of: ["@unchecked Sendable", "nonisolated(unsafe)"], in: file.codeLines, of: file)
    }

    /// An allowance that nothing uses any more is taken back.
    static func unusedAllowances(
        _ files: [SourceFile], allowed: [String: String] = uncheckedAllowed
    ) -> [String] {
        allowed.keys.sorted().filter { path in
            !files.contains { $0.path == path && !unchecked($0, allowed: [:]).isEmpty }
        }
    }

    /// Only the command writes to standard output.
    static func printing(_ file: SourceFile) -> [String] {
        guard let target = file.target, target != "brigade" else { return [] }
        return file.codeLines.flatMap { line in
            ["print", "debugPrint", "dump", "NSLog"].compactMap { name in
                calls(name, in: line.text)
                    ? "\(file.path):\(line.number): \(name)( outside the command" : nil
            }
        }
    }

    static func skeletons(_ file: SourceFile) -> [String] {
        guard file.target != nil else { return [] }
        return occurrences(of: ["fatalError(\"skeleton\")"], in: file.lines, of: file)
    }

    /// Work left undone is finished or written down elsewhere, not in the code.
    static func leftovers(_ file: SourceFile) -> [String] {
        occurrences(of: ["TO" + "DO", "FIX" + "ME", "XX" + "X:"], in: file.lines, of: file)
    }

    /// `try?` drops an error, so a comment on its line or just above says why that is right.
    static func silentErrors(_ file: SourceFile) -> [String] {
        guard file.target != nil else { return [] }
        let lines = file.lines
        return file.codeLines.compactMap { line in
            guard line.text.contains(/\btry\?/) else { return nil }
            let near = lines[max(0, line.number - 4)..<line.number]
            return near.contains { $0.text.contains("//") }
                ? nil : "\(file.path):\(line.number): try? without a comment that says why"
        }
    }

    private static func occurrences(
        of tokens: [String], in lines: [(number: Int, text: Substring)], of file: SourceFile
    ) -> [String] {
        lines.flatMap { line in
            tokens.compactMap { token in
                line.text.contains(token) ? "\(file.path):\(line.number): \(token)" : nil
            }
        }
    }

    /// True where `name(` is called as a free function, not as a method or a longer name.
    private static func calls(_ name: String, in line: Substring) -> Bool {
        var rest = line[...]
        while let range = rest.firstRange(of: name + "(") {
            let before =
                range.lowerBound > line.startIndex
                ? line[line.index(before: range.lowerBound)] : " "
            let isDeclared = line[..<range.lowerBound].hasSuffix("func ")
            if !(before.isLetter || before.isNumber || before == "_" || before == ".")
                && !isDeclared
            {
                return true
            }
            rest = rest[range.upperBound...]
        }
        return false
    }
}
