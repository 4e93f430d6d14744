/// Splits a command line into words as a POSIX shell does, and does nothing else of what a shell does: no variables,
/// no globs, no `~`, no pipes. This is how the AWS CLI reads `credential_process` (Python's `shlex.split`).
enum ShellWords {
    /// - Returns: nil when a quotation does not end, or the last character is a backslash.
    static func split(_ text: String) -> [String]? {
        var words: [String] = []
        /// nil between words: `''` is a word, and nothing is none.
        var word: String?
        var characters = text.unicodeScalars.makeIterator()
        while let character = characters.next() {
            switch character {
            case " ", "\t", "\n", "\r":
                if let ended = word { words.append(ended) }
                word = nil
            case "'":
                var quoted = word ?? ""
                while true {
                    guard let next = characters.next() else { return nil }
                    if next == "'" { break }
                    quoted.unicodeScalars.append(next)
                }
                word = quoted
            case "\"":
                guard let quoted = doubleQuoted(&characters) else { return nil }
                word = (word ?? "") + quoted
            case "\\":
                guard let next = characters.next() else { return nil }
                word = word ?? ""
                word?.unicodeScalars.append(next)
            default:
                word = word ?? ""
                word?.unicodeScalars.append(character)
            }
        }
        if let word { words.append(word) }
        return words
    }

    /// Up to the closing quotation mark. A backslash hides only another one and the mark.
    private static func doubleQuoted(
        _ characters: inout String.UnicodeScalarView.Iterator
    ) -> String? {
        var text = String.UnicodeScalarView()
        while let character = characters.next() {
            switch character {
            case "\"": return String(text)
            case "\\":
                guard let next = characters.next() else { return nil }
                if next != "\"", next != "\\" { text.append("\\") }
                text.append(next)
            default: text.append(character)
            }
        }
        return nil
    }
}
