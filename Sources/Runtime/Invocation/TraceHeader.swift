import Lambda

/// The trace header of an invocation, from what its caller sent.
enum TraceHeader {
    /// Longer ones are taken for none.
    static let maximumBytes = 2048

    /// Goes on with the caller's trace, or begins one; the parent is the new invocation's own segment.
    ///
    /// - Parameter bits: random, for a trace that begins here.
    static func make(from given: String?, segment: UInt64, bits: (UInt64, UInt64)) -> String {
        let parent = TraceID.makeSegment(segment)
        guard let given, given.utf8.count <= maximumBytes, let root = TraceID.root(of: given),
            isRoot(root)
        else { return TraceID.header(root: TraceID.makeRoot(bits.0, bits.1), parent: parent) }
        var sampled = "1"
        var rest = ""
        for field in given.split(separator: ";") {
            if field == "Sampled=0" { sampled = "0" }
            if field.hasPrefix("Lineage=") { rest = ";\(field)" }
        }
        return "Root=\(root);Parent=\(parent);Sampled=\(sampled)\(rest)"
    }

    /// "1-8hex-24hex"
    static func isRoot(_ text: Substring) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.count == 3 && parts[0] == "1" && parts[1].utf8.count == 8
            && parts[2].utf8.count == 24
            && parts[1...].allSatisfy { $0.utf8.allSatisfy(isHexDigit) }
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        default: false
        }
    }
}
