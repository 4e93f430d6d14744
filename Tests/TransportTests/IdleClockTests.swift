import Glibc
import TestSupport
import Testing

@testable import Transport

/// When a transfer counts as idle, on a clock that the test sets: the loop is made and not run.
@Suite struct IdleClockTests {
    private let loop = EngineLoop(
        EngineOptions(.init()) { _ in nil }, mailbox: EngineMailbox(),
        executor: EngineExecutor(mailbox: EngineMailbox()))
    private let second: Nanoseconds = 1_000_000_000
    private let start: Nanoseconds = 100_000_000_000

    @Test func theClockStartsWithTheConnection() {
        let (exchange, _) = exchange(isConnected: false)
        #expect(exchange.deadline == .max)
        loop.now += 60 * second
        #expect(exchange.deadline == .max)
        exchange.begin(on: connection(to: exchange.request).ours)
        #expect(exchange.deadline == start + 65 * second)
    }

    /// Slow is not idle: whatever comes or goes sets the clock back.
    @Test func everyByteSetsItBack() throws {
        let (exchange, peer) = exchange(.put)
        for _ in 0..<5 {
            loop.now += 4 * second
            #expect(drain(peer) > 0)
            connection(of: exchange).isWritable = true
            exchange.drive()
            #expect(exchange.deadline == loop.now + 5 * second)
        }
        let long = String(repeating: "a", count: Exchange.progressBytes)
        for piece in [
            "HTTP/1.1 200 OK\r\nLong: \(long)", "\r\nContent-Length: 5000\r\n\r\n", long,
        ] {
            loop.now += 4 * second
            send(piece, from: peer, to: exchange)
            #expect(exchange.deadline == loop.now + 5 * second)
        }
        loop.now += 4 * second
        exchange.drive()
        #expect(exchange.deadline == loop.now + second)
    }

    /// Who sends next to nothing is waited for no longer than who sends nothing.
    @Test func trickledBytesDoNot() throws {
        let (exchange, peer) = exchange()
        for piece in [
            "HTTP/1.1 102 Wait\r\n\r\n", "HTTP/1.1 200 OK\r\n", "Content-Length: 5000\r\n",
        ] {
            loop.now += second
            send(piece, from: peer, to: exchange)
            #expect(exchange.deadline == start + 5 * second)
        }
        loop.now += second
        send("\r\n", from: peer, to: exchange)
        #expect(exchange.deadline == loop.now + 5 * second)
        loop.now += second
        send(String(repeating: "a", count: 700), from: peer, to: exchange)
        #expect(exchange.deadline == loop.now + 4 * second)
        // Together they are enough.
        send(String(repeating: "a", count: 700), from: peer, to: exchange)
        #expect(exchange.deadline == loop.now + 5 * second)
    }

    /// What the system has taken and the peer has not is under way as long as the peer goes on.
    @Test func aBufferThatDrainsSlowlyIsNotIdle() throws {
        let (exchange, peer) = exchange(.put, total: .seconds(60))
        exchange.length = 1 << 30
        while connection(of: exchange).isWritable { exchange.drive() }
        loop.now += 5 * second
        #expect(!exchange.isStillSending())
        #expect(drain(peer) > 0)
        #expect(exchange.isStillSending())
        #expect(exchange.deadline == loop.now + 5 * second)
        // What was under way has arrived by then.
        _ = exchange.isStillSending()
        loop.now += 5 * second
        #expect(!exchange.isStillSending())
        loop.now = start + 60 * second
        #expect(!exchange.isStillSending())
    }

    @Test func whatWeHoldUpIsNotIdle() {
        let (exchange, _) = exchange()
        for hold in [Exchange.Hold.receive, .send, [.receive, .send]] {
            exchange.hold = hold
            #expect(exchange.deadline == .max)
        }
        exchange.hold = []
        #expect(exchange.deadline == start + 5 * second)
        exchange.pace(until: start + 60 * second)
        #expect(exchange.deadline == .max)
        loop.now += 60 * second
        #expect(exchange.deadline < loop.now)
        exchange.noteProgress()
        #expect(exchange.deadline == start + 65 * second)
    }

    /// Without room it waits for its consumer, without bytes for its producer; either ends the wait.
    @Test func waitingForOurselvesIsAHold() {
        let (exchange, _) = exchange(.put)
        exchange.roomLeft = 0
        exchange.hasBytes = false
        exchange.drive()
        #expect(exchange.hold == [.receive, .send])
        loop.now += 60 * second
        exchange.roomLeft = 1
        exchange.drive()
        #expect(exchange.hold == .send)
        exchange.hasBytes = true
        exchange.drive()
        #expect(exchange.hold == [])
        #expect(exchange.deadline == start + 65 * second)
    }

    /// After an early answer nothing is sent any more, and that is not holding it up: the rest of the answer is due.
    @Test func anEarlyAnswerIsWaitedForNoLonger() {
        let (exchange, peer) = exchange(.put)
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
        #expect(write(peer, head, head.utf8.count) == head.utf8.count)
        connection(of: exchange).isReadable = true
        exchange.drive()
        #expect(exchange.isAnsweredEarly)
        let sent = exchange.sentBytes
        drain(peer)
        connection(of: exchange).isWritable = true
        exchange.drive()
        #expect(exchange.sentBytes == sent)
        #expect(exchange.hold == [])
        #expect(exchange.deadline == start + 5 * second)
    }

    @Test func theTotalTimeCountsAlways() {
        let (exchange, _) = exchange(total: .seconds(20))
        exchange.hold = .receive
        #expect(exchange.deadline == start + 20 * second)
        exchange.hold = []
        #expect(exchange.deadline == start + 5 * second)
        loop.now += 18 * second
        exchange.noteProgress()
        #expect(exchange.deadline == start + 20 * second)
    }

    private func exchange(
        _ method: HTTPMethod = .get, total: Duration? = nil, isConnected: Bool = true
    ) -> (Streaming, peer: Int32) {
        loop.now = start
        let request = HTTPRequest(
            method, "http://h/", timeouts: .init(idle: .seconds(5), total: total))
        let exchange = Streaming(id: 1, request: request, loop: loop)
        guard isConnected else { return (exchange, -1) }
        let (ours, peer) = connection(to: request)
        exchange.begin(on: ours)
        return (exchange, peer)
    }

    private func connection(to request: HTTPRequest) -> (ours: Connection, peer: Int32) {
        var ends: [Int32] = [-1, -1]
        // Those of TCP tell what is not acknowledged.
        if let (listener, port) = try? LoopbackSocket.listen(),
            let client = try? Loopback.connect(port: port)
        {
            ends = [client, accept(listener, nil, nil)]
            close(listener)
        }
        for end in ends { #expect(fcntl(end, F_SETFL, O_NONBLOCK) == 0) }
        let origin = Origin(of: request, loop.options)
        return (Connection(origin, ends[0], through: nil, loop.readiness), ends[1])
    }

    private func connection(of exchange: Exchange) -> Connection {
        guard let connection = exchange.connection else { preconditionFailure("none") }
        return connection
    }

    private func send(_ text: String, from peer: Int32, to exchange: Exchange) {
        #expect(write(peer, text, text.utf8.count) == text.utf8.count)
        connection(of: exchange).isReadable = true
        exchange.drive()
    }

    @discardableResult
    private func drain(_ descriptor: Int32) -> Int {
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        var total = 0
        while true {
            let count = read(descriptor, &bytes, bytes.count)
            if count <= 0 { return total }
            total += count
        }
    }

    /// Sends as much as is asked for, of a body without an end.
    private final class Streaming: Exchange {
        var roomLeft = Int.max
        var hasBytes = true
        var length: Int64 = 1 << 20
        private let block = [UInt8](repeating: 1, count: 4096)
        override var room: Int { roomLeft }
        override var streamedBytes: Int64? { request.method == .put ? length : nil }
        override var isStarved: Bool { !hasBytes }
        override func sendBlock(to connection: Connection) -> Connection.Step? {
            hasBytes ? block.withUnsafeBytes { connection.send($0) } : nil
        }
    }
}
