import Testing

@testable import Transport

/// When a transfer counts as idle, on a clock that the test sets: the loop is made and not run.
@Suite struct IdleClockTests {
    private let loop = EngineLoop(
        EngineOptions(.init()) { _ in nil }, mailbox: EngineMailbox(),
        executor: EngineExecutor(mailbox: EngineMailbox()))
    private let second: Nanoseconds = 1_000_000_000
    private let start: Nanoseconds = 100_000_000_000
    private let head = Array("HTTP/1.1 200 OK\r\n".utf8)

    @Test func theClockStartsWithTheConnection() {
        let exchange = exchange()
        #expect(exchange.deadline == .max)
        loop.now += 60 * second
        #expect(exchange.deadline == .max)
        #expect(exchange.mayBegin(onPort: 0))
        #expect(exchange.deadline == start + 65 * second)
    }

    /// Slow is not idle: whatever comes or goes sets the clock back.
    @Test func everyByteSetsItBack() {
        let exchange = exchange(.put)
        #expect(exchange.mayBegin(onPort: 0))
        for _ in 0..<5 {
            loop.now += 4 * second
            fill(exchange)
            #expect(exchange.deadline == loop.now + 5 * second)
        }
        loop.now += 4 * second
        add(head, to: exchange)
        #expect(exchange.deadline == loop.now + 5 * second)
        add(Array("\r\n".utf8), to: exchange)
        loop.now += 4 * second
        #expect(take([1, 2], by: exchange) == .taken)
        #expect(exchange.deadline == loop.now + 5 * second)
        loop.now += 4 * second
        #expect(exchange.deadline == loop.now + second)
    }

    /// One block may take longer than the idle time, as long as it moves.
    @Test func aBlockThatGoesSlowlyIsNotIdle() {
        let exchange = exchange(.put, total: .seconds(60))
        #expect(exchange.mayBegin(onPort: 0))
        fill(exchange)
        // It went at once, or not at all: since then nothing has happened.
        #expect(!exchange.isStillSending(10))
        #expect(!exchange.isStillSending(0))
        loop.now += 5 * second
        #expect(exchange.isStillSending(4))
        #expect(exchange.deadline == loop.now + 5 * second)
        #expect(!exchange.isStillSending(4))
        // Its end counts, when it was seen under way.
        #expect(exchange.isStillSending(10))
        #expect(!exchange.isStillSending(10))
        fill(exchange)
        #expect(!exchange.isStillSending(20))
        #expect(exchange.isStillSending(11))
        loop.now = start + 60 * second
        exchange.noteProgress()
        #expect(!exchange.isStillSending(12))
    }

    @Test func whatWeHoldUpIsNotIdle() {
        let exchange = exchange()
        #expect(exchange.mayBegin(onPort: 0))
        for pause in [Exchange.Pause.receive, .send, [.receive, .send]] {
            exchange.paused = pause
            #expect(exchange.deadline == .max)
        }
        exchange.paused = []
        #expect(exchange.deadline == start + 5 * second)
        exchange.pace(until: start + 60 * second)
        #expect(exchange.deadline == .max)
        loop.now += 60 * second
        #expect(exchange.deadline < loop.now)
        exchange.noteProgress()
        #expect(exchange.deadline == start + 65 * second)
    }

    /// After an early answer nothing is sent any more, and that is not holding it up: the rest of the answer is due.
    @Test func anEarlyAnswerIsWaitedForNoLonger() {
        let exchange = exchange(.put)
        #expect(exchange.mayBegin(onPort: 0))
        add(head + Array("Content-Length: 5\r\n".utf8), to: exchange)
        add(Array("\r\n".utf8), to: exchange)
        #expect(exchange.isAnsweredEarly)
        #expect(!fill(exchange))
        #expect(exchange.paused == .send)
        #expect(exchange.wantedPause == .send)
        #expect(exchange.deadline == start + 5 * second)
    }

    @Test func theTotalTimeCountsAlways() {
        let exchange = exchange(total: .seconds(20))
        #expect(exchange.deadline == start + 20 * second)
        #expect(exchange.mayBegin(onPort: 0))
        exchange.paused = .receive
        #expect(exchange.deadline == start + 20 * second)
        exchange.paused = []
        #expect(exchange.deadline == start + 5 * second)
        loop.now += 18 * second
        exchange.noteProgress()
        #expect(exchange.deadline == start + 20 * second)
    }

    /// A request is repeated by libcurl only as long as none of it has left; this one has no handle, so none has.
    @Test func aRequestThatNeverLeftMayBeginAgain() {
        let exchange = exchange(.put)
        #expect(exchange.mayBegin(onPort: 0))
        #expect(exchange.mayBegin(onPort: 0))
        #expect(exchange.rewind(to: 0))
        fill(exchange)
        #expect(!exchange.rewind(to: 0))
    }

    private func exchange(
        _ method: HTTPMethod = .get, total: Duration? = nil
    ) -> Exchange {
        loop.now = start
        let request = HTTPRequest(
            method, "http://h/", timeouts: .init(idle: .seconds(5), total: total))
        return Streaming(id: 1, request: request, loop: loop)
    }

    private func add(_ text: [UInt8], to exchange: Exchange) {
        for line in text.split(separator: 0x0A) {
            #expect((Array(line) + [0x0A]).withUnsafeBytes { exchange.takeHeaderLine($0) })
        }
    }

    private func take(_ block: [UInt8], by exchange: Exchange) -> Exchange.Receipt {
        block.withUnsafeBytes { exchange.takeBlock($0) }
    }

    @discardableResult
    private func fill(_ exchange: Exchange) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 10, alignment: 1) { exchange.fill($0) } != nil
    }

    /// Sends as much as is asked for, of a body without an end.
    private final class Streaming: Exchange {
        override var streamedBytes: Int64? { request.method == .put ? .max : nil }
        override func provide(_ room: UnsafeMutableRawBufferPointer) -> Int? { room.count }
    }
}
