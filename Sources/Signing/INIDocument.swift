/// The text of a shared configuration file, read as the AWS CLI reads it (which is Python's `configparser`).
///
/// Lines that begin with `#` or `;` are comments; what follows a value on its line belongs to it. Names of settings
/// are taken in lower case. A line that is indented deeper than its setting goes on with its value; when nothing
/// stood on the setting's own line, the lines below are settings of their own (`s3 =`, and the services of
/// `[services x]`).
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>
public struct INIDocument: Sendable, Equatable {
    /// What stands below one `[name]`.
    public struct Section: Sendable, Equatable {
        /// What stands between the brackets, white space at its ends removed.
        public var name: String
        /// Settings on one line, by their names in lower case.
        public var values: [String: String] = [:]
        /// Settings of settings.
        public var nested: [String: [String: String]] = [:]
    }

    /// In the order of the file.
    public private(set) var sections: [Section] = []

    /// - Throws: ``INIError`` with the line, never its text, which may be a secret.
    public init(_ text: String) throws(INIError) {
        var reader = Reader()
        var number = 0
        for line in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            var line = Substring(line)
            if number == 1, line.unicodeScalars.first == "\u{FEFF}" { line.removeFirst() }
            try reader.take(line, number)
        }
        try reader.finish()
        sections = reader.sections
    }

    private struct Reader {
        private struct Open {
            var name: String
            var number: Int
            var lines: [Substring]
        }

        var sections: [Section] = []
        private var setting: Open?
        /// Of the last line that was no continuation.
        private var indent = 0

        mutating func take(_ line: Substring, _ number: Int) throws(INIError) {
            let text = line.trimmed
            if text.isEmpty {
                setting?.lines.append("")
                return
            }
            if text.first == "#" || text.first == ";" { return }
            let column = line.utf8.prefix { $0 == 0x20 || $0 == 0x09 }.count
            if setting != nil, column > indent {
                setting?.lines.append(text)
                return
            }
            indent = column
            try finish()
            if text.first == "[" {
                guard let close = text.lastIndex(of: "]") else {
                    throw INIError(line: number, problem: "the section has no closing bracket")
                }
                let name = String(text[..<close].dropFirst().trimmed)
                guard !name.isEmpty else {
                    throw INIError(line: number, problem: "the section has no name")
                }
                guard !sections.contains(where: { $0.name == name }) else {
                    throw INIError(line: number, problem: "the section occurs twice")
                }
                sections.append(Section(name: name))
                return
            }
            guard !sections.isEmpty else {
                throw INIError(line: number, problem: "a setting stands before the first section")
            }
            setting = try Self.split(text, number, at: { $0 == "=" || $0 == ":" })
        }

        mutating func finish() throws(INIError) {
            guard var open = setting else { return }
            setting = nil
            let last = sections.count - 1
            guard sections[last].values[open.name] == nil, sections[last].nested[open.name] == nil
            else { throw INIError(line: open.number, problem: "the setting occurs twice") }
            while open.lines.count > 1, open.lines.last == "" { open.lines.removeLast() }
            guard open.lines.count > 1, open.lines[0].isEmpty else {
                sections[last].values[open.name] = open.lines.joined(separator: "\n")
                return
            }
            var nested: [String: String] = [:]
            for line in open.lines where !line.isEmpty {
                let inner = try Self.split(line, open.number, at: { $0 == "=" })
                nested[inner.name] = String(inner.lines[0])
            }
            sections[last].nested[open.name] = nested
        }

        private static func split(
            _ text: Substring, _ number: Int, at isDelimiter: (Character) -> Bool
        ) throws(INIError) -> Open {
            guard let delimiter = text.firstIndex(where: isDelimiter) else {
                throw INIError(line: number, problem: "there is neither a section nor NAME = VALUE")
            }
            let name = text[..<delimiter].trimmed.lowercased()
            guard !name.isEmpty else {
                throw INIError(line: number, problem: "the setting has no name")
            }
            return Open(
                name: name, number: number,
                lines: [text[text.index(after: delimiter)...].trimmed])
        }
    }
}

/// A line that cannot be read.
public struct INIError: Error, Equatable {
    /// Counted from one.
    public var line: Int
    /// What is wrong with it; never its text.
    public var problem: String
}

extension Substring {
    /// Without white space at the ends.
    var trimmed: Substring {
        var text = self
        while let first = text.unicodeScalars.first, first.properties.isWhitespace {
            text.unicodeScalars.removeFirst()
        }
        while let last = text.unicodeScalars.last, last.properties.isWhitespace {
            text.unicodeScalars.removeLast()
        }
        return text
    }
}
