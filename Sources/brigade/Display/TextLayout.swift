/// Lines that fit, and columns that line up. Widths are in characters, one column each.
enum TextLayout {
    static let widestColumns = 100

    /// Breaks at spaces so that no line is longer, where words allow it.
    static func wrap(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        for paragraph in text.split(separator: "\n", omittingEmptySubsequences: false) {
            var line = ""
            for word in paragraph.split(separator: " ", omittingEmptySubsequences: false) {
                if !line.isEmpty, line.count + 1 + word.count > width {
                    lines.append(line)
                    line = String(word)
                } else {
                    line += line.isEmpty ? word : " " + word
                }
            }
            lines.append(line)
        }
        return lines
    }

    static func padded(_ text: String, to width: Int) -> String {
        let missing = width - text.count
        return missing > 0 ? text + String(repeating: " ", count: missing) : text
    }

    static func rightAligned(_ text: String, to width: Int) -> String {
        let missing = width - text.count
        return missing > 0 ? String(repeating: " ", count: missing) + text : text
    }

    /// Keeps both ends, which tell more of a key than its middle.
    static func shortened(_ text: String, to width: Int) -> String {
        guard text.count > width, width > 3 else { return text }
        let tail = (width - 1) * 2 / 3
        return text.prefix(width - 1 - tail) + "…" + text.suffix(tail)
    }
}

extension TextLayout {
    /// Columns two blanks apart under their names; the last column is as wide as it comes.
    static func table(
        _ names: [String], _ rows: [[String]], rightAligned right: Set<Int> = []
    ) -> String {
        let widths = names.indices.map { column in
            ([names] + rows).reduce(0) { max($0, $1[column].count) }
        }
        return ([names] + rows).map { row in
            row.indices.map { column in
                if right.contains(column) {
                    return rightAligned(row[column], to: widths[column])
                }
                return column == row.count - 1
                    ? row[column] : padded(row[column], to: widths[column])
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
