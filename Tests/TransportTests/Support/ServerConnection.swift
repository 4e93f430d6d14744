import Foundation
import Glibc

/// A request's head as the server read it.
struct RequestHead: Sendable {
    var method: String
    /// As it came: path and query, or a whole URL through a proxy.
    var target: String
    var fields: [(name: String, value: String)]

    subscript(name: String) -> String? { values(name).first }

    func values(_ name: String) -> [String] {
        fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }

    var contentLength: Int { self["content-length"].flatMap { Int($0) } ?? 0 }
}

/// One accepted connection, in the hands of the script that decides about every byte. Confined to its thread.
final class ServerConnection {
    /// Of its server, from 0.
    let number: Int
    let descriptor: Int32
    private unowned let server: ScriptedServer
    private var buffer: [UInt8] = []

    init(_ descriptor: Int32, number: Int, server: ScriptedServer) {
        self.descriptor = descriptor
        self.number = number
        self.server = server
    }

    // Reading.

    /// At most `limit` bytes; empty when the peer has ended or reset.
    func some(_ limit: Int = .max) -> [UInt8] {
        if buffer.isEmpty { _ = fill() }
        let count = min(limit, buffer.count)
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }

    /// Exactly so many bytes; nil when the peer ends before.
    func exactly(_ count: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let next = some(count - bytes.count)
            if next.isEmpty { return nil }
            bytes += next
        }
        return bytes
    }

    /// The next request's head; nil when the peer ends before it is complete.
    func head() -> RequestHead? {
        let end = Array("\r\n\r\n".utf8)
        var found = buffer.firstRange(of: end)
        while found == nil {
            guard fill() else { return nil }
            found = buffer.firstRange(of: end)
        }
        let text = String(decoding: buffer[..<found!.lowerBound], as: UTF8.self)
        buffer.removeFirst(found!.upperBound)
        let lines = text.components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ", omittingEmptySubsequences: false)
        let head = RequestHead(
            method: String(words[0]), target: words.count > 1 ? String(words[1]) : "",
            fields: lines.dropFirst().compactMap { line in
                guard let colon = line.firstIndex(of: ":") else { return nil }
                let value = line[line.index(after: colon)...]
                return (String(line[..<colon]), value.trimmingCharacters(in: .whitespaces))
            })
        server.note(head)
        return head
    }

    /// The next request with its body; says 100 where the client waits for it.
    func request() -> (head: RequestHead, body: [UInt8])? {
        guard let head = head() else { return nil }
        if head["expect"] != nil { send("HTTP/1.1 100 Continue\r\n\r\n") }
        guard let body = exactly(head.contentLength) else { return nil }
        return (head, body)
    }

    /// Reads until the peer ends; returns how much came.
    @discardableResult
    func drain() -> Int {
        var count = 0
        while true {
            let next = some().count
            if next == 0 { return count }
            count += next
        }
    }

    private func fill() -> Bool {
        var block = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = recv(descriptor, &block, block.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            buffer += block[..<count]
            return true
        }
    }

    // Writing.

    /// False when the peer takes no more.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { bytes in
            var sent = 0
            while sent < bytes.count {
                let count = Glibc.send(
                    descriptor, bytes.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                sent += count
            }
            return true
        }
    }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// An answer with its length; for HEAD without its body.
    @discardableResult
    func answer(
        _ status: Int = 200, _ fields: [(String, String)] = [], _ body: [UInt8] = [],
        to head: RequestHead? = nil
    ) -> Bool {
        var text = "HTTP/1.1 \(status) Answer\r\n"
        for (name, value) in fields { text += "\(name): \(value)\r\n" }
        text += "Content-Length: \(body.count)\r\n\r\n"
        return send(Array(text.utf8) + (head?.method == "HEAD" ? [] : body))
    }

    /// Sends `body` from `offset` in blocks and counts what the socket has taken; false when the peer takes no more.
    func send(_ body: [UInt8], countingInto count: Count, block: Int = 16 << 10) -> Bool {
        var offset = 0
        while offset < body.count {
            let end = min(body.count, offset + block)
            guard send(Array(body[offset..<end])) else { return false }
            count.add(end - offset)
            offset = end
        }
        return true
    }

    /// No more bytes from this side; reading goes on.
    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Makes the close that follows a reset.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &linger,
            socklen_t(MemoryLayout.size(ofValue: linger)))
    }
}
