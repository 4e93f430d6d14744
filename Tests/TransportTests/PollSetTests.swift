import Glibc
import TestSupport
import Testing

@testable import Transport

@Suite struct PollSetTests {
    @Test func onlyWhatIsSetIsReported() throws {
        var set = PollSet()
        var pipes: [(read: Int32, write: Int32)] = []
        for _ in 0..<4 {
            var ends: [Int32] = [-1, -1]
            try #require(pipe(&ends) == 0)
            pipes.append((ends[0], ends[1]))
        }
        defer {
            for ends in pipes {
                close(ends.read)
                close(ends.write)
            }
        }
        for ends in pipes { set.set(ends.read, Int16(POLLIN)) }
        #expect(ready(&set) == [:])
        for ends in pipes { write(ends.write, [1], 1) }
        #expect(ready(&set).count == 4)
        set.remove(pipes[1].read)
        set.remove(pipes[1].read)
        #expect(Set(ready(&set).keys) == Set([0, 2, 3].map { pipes[$0].read }))
        set.set(pipes[0].read, 0)
        set.set(pipes[1].write, Int16(POLLOUT))
        let now = ready(&set)
        #expect(now[pipes[0].read] == nil)
        #expect(now[pipes[1].write] == Int16(POLLOUT))
        #expect(set.count == 4)
    }

    /// Against a dictionary.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func isAMap(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var set = PollSet()
        // Standard output is always ready for POLLOUT or broken: any event shows that it is there.
        var model: Set<Int32> = []
        for _ in 0..<500 {
            let descriptor = Int32.random(in: 1000...1040, using: &random)
            if Bool.random(using: &random) {
                set.set(descriptor, Int16(POLLIN))
                model.insert(descriptor)
            } else {
                set.remove(descriptor)
                model.remove(descriptor)
            }
            #expect(set.count == model.count)
        }
        #expect(set.count == model.count)
    }

    private func ready(_ set: inout PollSet) -> [Int32: Int16] {
        var ready: [pollfd] = []
        set.wait(milliseconds: 0, into: &ready)
        return Dictionary(uniqueKeysWithValues: ready.map { ($0.fd, $0.revents) })
    }
}
