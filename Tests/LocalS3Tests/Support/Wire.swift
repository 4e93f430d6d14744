import Foundation
import Glibc
import TestSupport

/// One connection to a server, byte by byte. Blocks; a server that says nothing for ``patience`` is an error.
final class Wire {
    struct Answer {
        var status: Int
        var headers: [(name: String, value: String)]
        var body: [UInt8]

        /// - Parameter name: in lower case.
        func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
        var text: String { String(decoding: body, as: UTF8.self) }
        /// S3's code of an error document.
        var code: String? {
            text.firstMatch(of: /<Error><Code>(\w+)<\/Code><Message>/).map { String($0.1) }
        }
    }

    enum Failure: Error, Equatable {
        case cannotConnect, silence, cut
        case noHTTP(String)
    }

    /// Far beyond what any answer takes: only a hang comes to its end.
    static let patience = timeval(tv_sec: 30, tv_usec: 0)

    private let descriptor: Int32
    private var buffer: [UInt8] = []
    /// Microseconds before each read.
    private var pause: UInt32 = 0

    /// - Parameter receiveBuffer: bytes that the kernel may take in unread; 0 leaves it to the kernel.
    init(port: Int, receiveBuffer: Int32 = 0) throws {
        guard let descriptor = LoopbackSocket.connect(port: port, receiveBuffer: receiveBuffer)
        else { throw Failure.cannotConnect }
        self.descriptor = descriptor
        var patience = Self.patience
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(
                descriptor, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
        var one: Int32 = 1
        setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { Glibc.close(descriptor) }

    /// false when the server takes no more.
    @discardableResult
    func send(_ bytes: some Collection<UInt8>) -> Bool {
        LoopbackSocket.send(bytes, to: descriptor)
    }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// Nothing more will be sent; answers still come.
    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// The next final answer; nil when the server has closed the connection instead.
    func answer(to method: String = "GET") throws -> Answer? {
        while true {
            guard let answer = try oneAnswer(to: method) else { return nil }
            if answer.status >= 200 { return answer }
        }
    }

    /// Sends something again and again, with time between, until an answer comes or the connection is closed.
    func trickle(_ bytes: [UInt8]) {
        var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while buffer.isEmpty, send(bytes) {
            if poll(&state, 1, 5) != 0 { return }
        }
    }

    /// As ``answer(to:)``, by a client that takes its time before each 64 KiB.
    func answer(pausing microseconds: UInt32) throws -> Answer? {
        pause = microseconds
        return try answer()
    }

    /// The status of the next answer, which may be one before the final one.
    func interimStatus() throws -> Int? { try oneAnswer(to: "HEAD")?.status }

    /// Whether the server closes the connection without another byte.
    func isAtEnd() throws -> Bool { try buffer.isEmpty && !more() }

    private func oneAnswer(to method: String) throws -> Answer? {
        let end = Array("\r\n\r\n".utf8)
        var headEnd = buffer.firstRange(of: end)?.upperBound
        while headEnd == nil {
            guard try more() else {
                guard buffer.isEmpty else { throw Failure.cut }
                return nil
            }
            headEnd = buffer.firstRange(of: end)?.upperBound
        }
        let lines = String(decoding: buffer[..<headEnd!], as: UTF8.self)
            .components(separatedBy: "\r\n")
        guard let status = lines[0].wholeMatch(of: /HTTP\/1\.1 (\d{3}) .*/).flatMap({ Int($0.1) })
        else { throw Failure.noHTTP(lines[0]) }
        let headers = lines.dropFirst().filter { !$0.isEmpty }.map { line in
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            return (
                name: line[..<colon].lowercased(),
                value: line[colon...].dropFirst().trimmingCharacters(in: .whitespaces)
            )
        }
        buffer.removeFirst(headEnd!)
        var answer = Answer(status: status, headers: headers, body: [])
        guard method != "HEAD", status >= 200, status != 204, status != 304 else { return answer }
        guard let length = answer.header("content-length").flatMap({ Int($0) }) else {
            throw Failure.noHTTP("no length: \(lines[0])")
        }
        while buffer.count < length { guard try more() else { throw Failure.cut } }
        answer.body = Array(buffer[..<length])
        buffer.removeFirst(length)
        return answer
    }

    /// false at the end of the connection.
    private func more() throws -> Bool {
        var block = [UInt8](repeating: 0, count: 64 << 10)
        if pause > 0 { usleep(pause) }
        while true {
            let count = recv(descriptor, &block, block.count, 0)
            if count > 0 {
                buffer += block[..<count]
                return true
            }
            if count == 0 || errno == ECONNRESET { return false }
            if errno == EINTR { continue }
            throw Failure.silence
        }
    }
}

/// Runs what blocks on a thread of its own, not on one of the few that all tests share.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws
    -> Value
{
    try await withTaskExecutorPreference(ThreadPerJob()) { try await run(body) }
}

@concurrent
private func run<Value: Sendable>(_ body: @Sendable () throws -> Value) async throws -> Value {
    try body()
}

private final class ThreadPerJob: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        Thread.detachNewThread {
            job.runSynchronously(on: self.asUnownedTaskExecutor())
        }
    }
}
