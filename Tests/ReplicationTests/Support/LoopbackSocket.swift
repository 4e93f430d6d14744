import Foundation
import Glibc

/// Blocking sockets on 127.0.0.1 for the servers of these tests; each connection has a thread.
enum LoopbackSocket {
    struct Failure: Error { var what: String }

    /// A listening socket on a free port.
    static func listen() throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(what: "socket") }
        var address = loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &address) { pointer -> Int? in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                guard bind(descriptor, generic, length) == 0, Glibc.listen(descriptor, 256) == 0,
                    getsockname(descriptor, generic, &length) == 0
                else { return nil }
                return Int(UInt16(bigEndian: pointer.pointee.sin_port))
            }
        }
        guard let port else {
            close(descriptor)
            throw Failure(what: "bind")
        }
        return (descriptor, port)
    }

    static func connect(port: Int) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var address = loopback(port: UInt16(port))
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    /// Calls `serve` on a thread of its own for each connection, until the socket is closed.
    static func acceptForever(_ listener: Int32, serve: @escaping @Sendable (Int32) -> Void) {
        Thread.detachNewThread {
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else {
                    if errno == EINTR { continue }
                    return
                }
                var one: Int32 = 1
                setsockopt(
                    connection, Int32(IPPROTO_TCP), TCP_NODELAY, &one,
                    socklen_t(MemoryLayout<Int32>.size))
                Thread.detachNewThread { serve(connection) }
            }
        }
    }

    @discardableResult
    static func send(_ bytes: some Collection<UInt8>, to descriptor: Int32) -> Bool {
        let bytes = Array(bytes)
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}

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
