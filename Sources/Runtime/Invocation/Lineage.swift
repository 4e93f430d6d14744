/// How often a chain of invocations has passed through a function, carried in the trace header, so that loops end.
///
/// `Lineage=1:fe460cdd:3`: how many are merged, the function's hash, the count.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html>, and headers as recorded.
enum Lineage {
    /// The pass after this one is stopped.
    static let maximum = 16

    /// The header for one more pass through the function, or nil when it has passed too often.
    static func extended(_ header: String, by functionARN: String) -> String? {
        let name = hash(functionARN)
        // As a rule there is none yet; no other field has that letter.
        guard header.utf8.contains(UInt8(ascii: "L")) else {
            return "\(header);Lineage=1:\(name):1"
        }
        var fields: [String] = []
        var entries: [(hash: String, count: Int)] = []
        for field in header.split(separator: ";") {
            guard field.hasPrefix("Lineage=") else {
                fields.append(String(field))
                continue
            }
            for entry in field.dropFirst(8).split(separator: "|") {
                let parts = entry.split(separator: ":")
                guard parts.count >= 2, let count = Int(parts[parts.count - 1]) else { continue }
                entries.append((String(parts[parts.count - 2]), max(0, count)))
            }
        }
        if let index = entries.firstIndex(where: { $0.hash == name }) {
            guard entries[index].count < maximum else { return nil }
            entries[index].count += 1
        } else {
            entries.append((name, 1))
        }
        // A chain through more functions than these starts to forget the first: the header stays small.
        let kept = entries.suffix(32).map { "1:\($0.hash):\($0.count)" }
        fields.append("Lineage=" + kept.joined(separator: "|"))
        return fields.joined(separator: ";")
    }

    /// FNV-1a, eight hexadecimal digits.
    static func hash(_ text: String) -> String {
        var value: UInt32 = 2_166_136_261
        for byte in text.utf8 { value = (value ^ UInt32(byte)) &* 16_777_619 }
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}
