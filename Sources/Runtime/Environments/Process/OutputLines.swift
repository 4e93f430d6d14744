/// Makes lines of what a process writes. Bounded: a line that is longer is cut into several.
struct OutputLines {
    /// The largest event of CloudWatch Logs.
    /// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html>
    static let lineBytesMaximum = 256 << 10

    private var partial: [UInt8] = []

    mutating func take(_ bytes: some RandomAccessCollection<UInt8>, _ emit: (String) -> Void) {
        var rest = bytes[...]
        while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
            grow(rest[..<newline], emit)
            finish(emit, evenEmpty: true)
            rest = rest[rest.index(after: newline)...]
        }
        grow(rest, emit)
    }

    /// What has no newline yet is a line too when its invocation has ended.
    mutating func finish(_ emit: (String) -> Void, evenEmpty: Bool = false) {
        guard evenEmpty || !partial.isEmpty else { return }
        emit(String(decoding: partial, as: UTF8.self))
        partial.removeAll(keepingCapacity: partial.capacity <= 4096)
    }

    private mutating func grow(_ bytes: some Collection<UInt8>, _ emit: (String) -> Void) {
        var rest = bytes[...]
        while partial.count + rest.count > Self.lineBytesMaximum {
            let part = rest.prefix(Self.lineBytesMaximum - partial.count)
            partial.append(contentsOf: part)
            finish(emit)
            rest = rest[part.endIndex...]
        }
        partial.append(contentsOf: rest)
    }
}
