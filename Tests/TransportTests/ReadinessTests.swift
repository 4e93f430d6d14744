import Glibc
import Testing

@testable import Transport

@Suite struct ReadinessTests {
    /// An edge is told once; a level as long as it lasts.
    @Test func edgesAndLevels() throws {
        let readiness = Readiness()
        var ends: [Int32] = [-1, -1]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        defer { close(ends[1]) }
        let origin = Origin(of: HTTPRequest(.get, "http://h/"), EngineOptions(.init()) { _ in nil })
        let connection = Connection(origin, ends[0], through: nil, readiness)
        defer { withExtendedLifetime(connection) {} }
        readiness.set(ends[1], reads: true, writes: false, for: .dial)
        let first = try #require(look(readiness)[ends[0]])
        #expect(
            first.owner == .connection && first.isWritable && !first.isReadable && !first.isHangup)
        #expect(look(readiness).isEmpty)
        #expect(write(ends[1], "a", 1) == 1)
        #expect(look(readiness)[ends[0]]?.isReadable == true)
        #expect(look(readiness).isEmpty)
        #expect(write(ends[1], "a", 1) == 1)
        #expect(look(readiness)[ends[0]]?.isReadable == true)
        #expect(write(ends[0], "a", 1) == 1)
        for _ in 0..<2 {
            let event = try #require(look(readiness)[ends[1]])
            #expect(event.owner == .dial && event.isReadable && !event.isWritable)
        }
        readiness.set(ends[1], reads: false, writes: true, for: .dial)
        #expect(look(readiness)[ends[1]]?.isWritable == true)
        readiness.remove(ends[1])
        readiness.remove(ends[1])
        #expect(look(readiness).isEmpty)
        shutdown(ends[1], Int32(SHUT_WR))
        let end = try #require(look(readiness)[ends[0]])
        #expect(end.isHangup && end.isReadable && !end.isBroken)
    }

    private func look(_ readiness: Readiness) -> [Int32: Readiness.Event] {
        var events: [Readiness.Event] = []
        readiness.wait(milliseconds: 0, into: &events)
        return Dictionary(events.map { ($0.descriptor, $0) }) { $1 }
    }
}
