import Foundation
import Glibc
import TestSupport
import Transport

/// An HTTP/1.1 proxy in front of one loopback server that spoils what a script tells it to:
/// requests and answers pass through byte for byte otherwise, on the connections the client opens.
final class FaultProxy: Sendable {
    /// A request as the script sees it.
    struct Request: Sendable {
        /// Of all requests through this proxy, from 1.
        var ordinal: Int
        var method: String
        /// Path and query as sent.
        var target: String
        var head: MessageHead

        var isGet: Bool { method == "GET" }
        var isPut: Bool { method == "PUT" }
    }

    enum Fault: Sendable {
        /// Runs before the request is forwarded: something happens meanwhile.
        case meanwhile(@Sendable () -> Void)
        /// Closes the connection instead of forwarding.
        case drop
        /// Forwards the request, then closes without passing the answer on.
        case dropAnswer
        /// Keeps the connection open and never answers, until the client gives up.
        case stall
        /// Answers by itself; the request's body is read and thrown away.
        case answer(status: Int, body: String)
        /// Passes so many bytes of the answer's body, then closes.
        case truncateAnswer(after: Int)
        /// Passes so many bytes of the answer's body, then waits until the client gives up.
        case stallAnswer(after: Int)
        /// Inverts one byte of the answer's body.
        case flipAnswerByte(at: Int)
        /// Inverts one byte of the request's body.
        case flipRequestByte(at: Int)
        /// nil removes the field.
        case setAnswerHeader(String, String?)
        /// nil removes the field.
        case setRequestHeader(String, String?)
    }

    typealias Script = @Sendable (Request) -> [Fault]

    let port: Int
    private let upstreamPort: Int
    private let listener: Int32
    private let script: Locked<Script>
    private let seen = Locked([Request]())

    init(to upstreamPort: Int, script: @escaping Script = { _ in [] }) throws {
        (listener, port) = try LoopbackSocket.listen()
        self.upstreamPort = upstreamPort
        self.script = Locked(script)
        LoopbackSocket.acceptForever(listener) { [weak self] connection in
            self?.serve(connection)
            close(connection)
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    func follow(_ script: @escaping Script) { self.script.withLock { $0 = script } }

    /// Every request so far, in the order they arrived.
    var requests: [Request] { seen.withLock { $0 } }

    private func note(_ head: MessageHead) -> Request {
        let words = head.first.split(separator: " ")
        return seen.withLock { seen in
            let request = Request(
                ordinal: seen.count + 1, method: String(words.first ?? ""),
                target: words.count > 1 ? String(words[1]) : "", head: head)
            seen.append(request)
            return request
        }
    }

    private func serve(_ client: Int32) {
        guard let upstream = LoopbackSocket.connect(port: upstreamPort) else { return }
        defer { close(upstream) }
        let requests = MessageReader(client)
        let answers = MessageReader(upstream)
        while let head = requests.head() {
            let request = note(head)
            let faults = script.withLock { $0 }(request)
            guard
                forward(
                    Exchange(
                        request: request, faults: faults, client: client, upstream: upstream),
                    requests, answers)
            else { return }
        }
    }

    private struct Exchange {
        var request: Request
        var faults: [Fault]
        var client, upstream: Int32
    }

    /// False when the connection must end.
    private func forward(
        _ exchange: Exchange, _ requests: MessageReader, _ answers: MessageReader
    ) -> Bool {
        var head = exchange.request.head
        var flippedAt: Int?
        for fault in exchange.faults {
            switch fault {
            case .meanwhile(let work): work()
            case .drop: return false
            case .stall:
                while !requests.some(64 << 10).isEmpty {}
                return false
            case .answer(let status, let body):
                if head["expect"] != nil { continueBody(exchange.client) }
                var left = head.contentLength ?? 0
                while left > 0 {
                    let block = requests.some(left)
                    if block.isEmpty { return false }
                    left -= block.count
                }
                let text = exchange.request.method == "HEAD" ? "" : body
                return LoopbackSocket.send(
                    Array(
                        "HTTP/1.1 \(status) Fault\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)"
                            .utf8),
                    to: exchange.client)
            case .flipRequestByte(let index): flippedAt = index
            case .setRequestHeader(let name, let value): head[name] = value
            default: break
            }
        }
        if head["expect"] != nil {
            continueBody(exchange.client)
            head["expect"] = nil
        }
        guard LoopbackSocket.send(head.bytes, to: exchange.upstream),
            passBody(head.contentLength ?? 0, requests, to: exchange.upstream, flip: flippedAt)
        else { return false }
        return answer(exchange, answers, requests)
    }

    private func continueBody(_ client: Int32) {
        LoopbackSocket.send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8), to: client)
    }

    private func passBody(
        _ length: Int, _ reader: MessageReader, to descriptor: Int32, flip: Int?
    ) -> Bool {
        var position = 0
        while position < length {
            var block = reader.some(length - position)
            if block.isEmpty { return false }
            if let flip, flip >= position, flip < position + block.count {
                block[flip - position] ^= 0xFF
            }
            position += block.count
            guard LoopbackSocket.send(block, to: descriptor) else { return false }
        }
        return true
    }

    private func answer(
        _ exchange: Exchange, _ answers: MessageReader, _ requests: MessageReader
    ) -> Bool {
        guard var head = answers.head() else { return false }
        var flippedAt: Int?
        var cut: (after: Int, stalls: Bool)?
        for fault in exchange.faults {
            switch fault {
            case .dropAnswer: return false
            case .truncateAnswer(let count): cut = (count, false)
            case .stallAnswer(let count): cut = (count, true)
            case .flipAnswerByte(let index): flippedAt = index
            default: break
            }
        }
        let length = head.contentLength
        let isChunked = head["transfer-encoding"]?.lowercased().contains("chunked") == true
        let status = Int(head.first.split(separator: " ").dropFirst().first ?? "") ?? 0
        for case .setAnswerHeader(let name, let value) in exchange.faults { head[name] = value }
        guard LoopbackSocket.send(head.bytes, to: exchange.client) else { return false }
        if exchange.request.method == "HEAD" || status == 204 || status == 304 { return true }
        if let cut {
            guard
                passBody(
                    min(cut.after, length ?? cut.after), answers, to: exchange.client,
                    flip: flippedAt)
            else { return false }
            if cut.stalls { while !requests.some(64 << 10).isEmpty {} }
            return false
        }
        if isChunked { return passChunks(answers, to: exchange.client) }
        guard let length else {
            while case let block = answers.some(64 << 10), !block.isEmpty {
                guard LoopbackSocket.send(block, to: exchange.client) else { return false }
            }
            return false
        }
        let isPassed = passBody(length, answers, to: exchange.client, flip: flippedAt)
        // A length that was falsified leaves the connection out of step.
        return isPassed && head.contentLength == length
    }

    private func passChunks(_ answers: MessageReader, to client: Int32) -> Bool {
        while let line = answers.line() {
            LoopbackSocket.send(Array((line + "\r\n").utf8), to: client)
            let size = Int(line.split(separator: ";").first ?? "", radix: 16) ?? 0
            guard passBody(size, answers, to: client, flip: nil) else { return false }
            guard let end = answers.line() else { return false }
            LoopbackSocket.send(Array((end + "\r\n").utf8), to: client)
            if size == 0 { return true }
        }
        return false
    }
}
