import Foundation
import Glibc

/// Reads heads and bodies of HTTP/1.1 messages from one connection; confined to its thread.
final class MessageReader {
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var start = 0

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    private func fill() -> Bool {
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            start = 0
        }
        var block = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = recv(descriptor, &block, block.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            buffer += block[..<count]
            return true
        }
    }

    /// One line without its CRLF; nil at the end.
    func line() -> String? {
        var from = start
        while true {
            if let end = buffer[from...].firstIndex(of: 10) {
                let stop = end > start && buffer[end - 1] == 13 ? end - 1 : end
                let line = String(decoding: buffer[start..<stop], as: UTF8.self)
                start = end + 1
                return line
            }
            let offset = buffer.count - start
            guard fill() else { return nil }
            from = start + offset
        }
    }

    /// The first line and the fields; nil at the end.
    func head() -> MessageHead? {
        guard let first = line() else { return nil }
        var fields: [(name: String, value: String)] = []
        while let line = line(), !line.isEmpty {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields.append(
                (
                    String(line[..<colon]),
                    line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
                ))
        }
        return MessageHead(first: first, fields: fields)
    }

    /// At most `limit` bytes; empty at the end.
    func some(_ limit: Int) -> [UInt8] {
        if start == buffer.count, !fill() { return [] }
        let end = min(buffer.count, start + limit)
        defer { start = end }
        return Array(buffer[start..<end])
    }

    /// Exactly so many bytes; nil when the peer ends before.
    func exactly(_ count: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            let next = some(count - bytes.count)
            if next.isEmpty { return nil }
            bytes += next
        }
        return bytes
    }
}

struct MessageHead: Sendable {
    var first: String
    var fields: [(name: String, value: String)]

    subscript(_ name: String) -> String? {
        get { fields.first { $0.name.lowercased() == name.lowercased() }?.value }
        set {
            fields.removeAll { $0.name.lowercased() == name.lowercased() }
            if let newValue { fields.append((name, newValue)) }
        }
    }

    var contentLength: Int? { self["content-length"].flatMap { Int($0) } }

    var bytes: [UInt8] {
        Array(
            (first + "\r\n" + fields.map { "\($0.name): \($0.value)\r\n" }.joined() + "\r\n").utf8)
    }
}
