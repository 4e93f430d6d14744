import Foundation
import Glibc
import Transport

/// An HTTP/1.1 server on 127.0.0.1 that answers what a closure says, byte for byte, and remembers what it was asked.
/// Each connection has a thread; the port is the system's choice.
public final class ScriptedServer: Sendable {
    public struct Request: Sendable {
        public var method: String
        /// Path and query as they came.
        public var target: String
        public var headers: [(name: String, value: String)]
        public var body: [UInt8]

        /// - Parameter name: in lower case.
        public func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name }?.value
        }
        public var path: String { String(target.prefix { $0 != "?" }) }
        /// The body.
        public var text: String { String(decoding: body, as: UTF8.self) }
    }

    public enum Answer: Sendable {
        case respond(Int, [(String, String)], [UInt8])
        /// These bytes, then the connection is closed.
        case raw([UInt8])
        /// A reset, without a byte.
        case reset

        public static func respond(_ status: Int, _ text: String) -> Answer {
            .respond(status, [], Array(text.utf8))
        }

        /// The connection is closed without a byte.
        public static let close = Answer.raw([])
    }

    public let port: Int
    private let listener: Int32
    private let seen = Locked<[Request]>([])

    /// All so far, in the order they were read.
    public var requests: [Request] { seen.withLock { $0 } }
    public var authority: String { "127.0.0.1:\(port)" }
    public var url: String { "http://\(authority)" }

    /// - Parameter script: gets the request's number, from 0, and the request.
    public init(_ script: @escaping @Sendable (Int, Request) -> Answer) throws {
        (listener, port) = try LoopbackSocket.listen()
        let seen = seen
        LoopbackSocket.acceptForever(listener) { Self.serve($0, seen, script) }
    }

    deinit { stop() }

    /// Takes no more connections.
    public func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

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
            case .respond(let status, let headers, let body):
                var text = "HTTP/1.1 \(status) Answer\r\n"
                for (name, value) in headers { text += "\(name): \(value)\r\n" }
                if !headers.contains(where: { $0.0.lowercased() == "content-length" }) {
                    text += "Content-Length: \(body.count)\r\n"
                }
                LoopbackSocket.send(
                    Array((text + "\r\n").utf8) + (request.method == "HEAD" ? [] : body),
                    to: connection)
            case .raw(let bytes):
                LoopbackSocket.send(bytes, to: connection)
                return
            case .reset:
                var linger = linger(l_onoff: 1, l_linger: 0)
                setsockopt(
                    connection, SOL_SOCKET, SO_LINGER, &linger,
                    socklen_t(MemoryLayout.size(ofValue: linger)))
                return
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
        if request.header("expect") != nil {
            LoopbackSocket.send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8), to: connection)
        }
        let length = request.header("content-length").flatMap { Int($0) } ?? 0
        while buffer.count < headEnd! + length { if !more() { return nil } }
        request.body = Array(buffer[headEnd!..<(headEnd! + length)])
        buffer.removeFirst(headEnd! + length)
        return request
    }
}
