import Foundation
import Glibc
import Transport

/// An HTTP/1.1 server on 127.0.0.1 that answers what a closure says and remembers what it was asked: STS and containers.
/// Each connection has a thread; the port is the system's choice.
final class ScriptedServer: Sendable {
    struct Request: Sendable {
        var method: String
        /// Path and query as they came.
        var target: String
        var headers: [(name: String, value: String)]
        var body: [UInt8]

        func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name }?.value
        }
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    enum Answer: Sendable {
        case respond(Int, String)
        /// The connection is closed without a byte.
        case close
    }

    let port: Int
    private let listener: Int32
    private let seen = Locked<[Request]>([])

    var requests: [Request] { seen.withLock { $0 } }
    var url: String { "http://127.0.0.1:\(port)" }

    /// - Parameter script: gets the request's number, from 0, and the request.
    init(_ script: @escaping @Sendable (Int, Request) -> Answer) throws {
        (listener, port) = try Self.listen()
        let listener = listener
        let seen = seen
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
                Thread.detachNewThread { Self.serve(connection, seen, script) }
            }
        }
    }

    deinit { stop() }

    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private static func listen() throws -> (Int32, Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && Glibc.listen(descriptor, 256) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        struct NoSocket: Error {}
        guard descriptor >= 0, isBound else { throw NoSocket() }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    private static func serve(
        _ connection: Int32, _ seen: Locked<[Request]>,
        _ script: @Sendable (Int, Request) -> Answer
    ) {
        defer { close(connection) }
        var buffer: [UInt8] = []
        while let request = read(connection, &buffer) {
            let number = seen.withLock { requests in
                requests.append(request)
                return requests.count - 1
            }
            switch script(number, request) {
            case .respond(let status, let body):
                let head = "HTTP/1.1 \(status) Answer\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
                send(connection, Array((head + body).utf8))
            case .close: return
            }
        }
    }

    private static func read(_ connection: Int32, _ buffer: inout [UInt8]) -> Request? {
        func more() -> Bool {
            var block = [UInt8](repeating: 0, count: 64 << 10)
            let count = recv(connection, &block, block.count, 0)
            guard count > 0 else { return false }
            buffer += block[..<count]
            return true
        }
        let end = Array("\r\n\r\n".utf8)
        var headEnd: Int?
        while headEnd == nil {
            headEnd = buffer.firstRange(of: end)?.upperBound
            if headEnd == nil, !more() { return nil }
        }
        let head = String(decoding: buffer[..<headEnd!], as: UTF8.self)
        let lines = head.components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        let headers = lines.dropFirst().compactMap { line -> (name: String, value: String)? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            return (
                String(line[..<colon]),
                line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            )
        }
        var request = Request(
            method: String(words[0]), target: String(words[1]), headers: headers, body: [])
        let length = request.header("content-length").flatMap { Int($0) } ?? 0
        while buffer.count < headEnd! + length { if !more() { return nil } }
        request.body = Array(buffer[headEnd!..<(headEnd! + length)])
        buffer.removeFirst(headEnd! + length)
        return request
    }

    private static func send(_ connection: Int32, _ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(connection, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }
}
