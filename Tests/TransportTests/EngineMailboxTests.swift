import Glibc
import Testing

@testable import Transport

@Suite(.timeLimit(.minutes(1))) struct EngineMailboxTests {
    private let mailbox = EngineMailbox()

    @Test func commandsComeInOrderAndOnce() {
        for id: UInt64 in 1...3 { #expect(mailbox.post(.resume(id))) }
        #expect(take() == [1, 2, 3])
        #expect(take() == [])
        #expect(mailbox.post(.cancel(4)))
        #expect(take() == [4])
    }

    /// The pipe is written for a sleeper alone, and once.
    @Test func onlyASleeperIsWoken() {
        #expect(mailbox.post(.resume(1)))
        #expect(!isAwakened)
        #expect(!mailbox.fallAsleep())
        _ = take()
        #expect(mailbox.fallAsleep())
        #expect(!isAwakened)
        #expect(mailbox.post(.resume(2)))
        #expect(mailbox.post(.resume(3)))
        #expect(isAwakened)
        var byte: (UInt8, UInt8) = (0, 0)
        #expect(read(mailbox.wakeDescriptor, &byte, 2) == 1)
        #expect(take() == [2, 3])
        #expect(mailbox.fallAsleep())
        mailbox.stop()
        #expect(isAwakened)
        mailbox.drainWakes()
        #expect(!isAwakened)
        #expect(!mailbox.fallAsleep())
    }

    /// What comes between the stop and the close is handed over at the close, and nothing is taken after it.
    @Test func nothingIsLostAtTheEnd() async {
        mailbox.stop()
        var commands: [EngineCommand] = []
        var jobs: [UnownedJob] = []
        #expect(mailbox.take(into: &commands, &jobs))
        #expect(mailbox.post(.resume(1)))
        #expect(mailbox.close().commands.map(Self.id) == [1])
        #expect(!mailbox.post(.resume(2)))
        #expect(mailbox.close().commands.isEmpty)
        async let first: Void = mailbox.waitUntilEnded()
        async let second: Void = mailbox.waitUntilEnded()
        mailbox.end()
        _ = await (first, second)
        await mailbox.waitUntilEnded()
    }

    /// Whoever posts, however often the engine sleeps: every command arrives.
    @Test func noWakeUpIsLost() async {
        let mailbox = mailbox
        let received = Count()
        ScriptedServer.thread {
            var commands: [EngineCommand] = []
            var jobs: [UnownedJob] = []
            while !mailbox.take(into: &commands, &jobs) {
                received.add(commands.count)
                commands.removeAll()
                guard mailbox.fallAsleep() else { continue }
                var entry = pollfd(fd: mailbox.wakeDescriptor, events: Int16(POLLIN), revents: 0)
                poll(&entry, 1, -1)
                mailbox.drainWakes()
            }
        }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for id: UInt64 in 0..<2000 {
                        _ = mailbox.post(.resume(id))
                        if id % 16 == 0 { await Task.yield() }
                    }
                }
            }
        }
        await received.wait(for: 8000)
        mailbox.stop()
        #expect(received.value == 8000)
    }

    private var isAwakened: Bool {
        var entry = pollfd(fd: mailbox.wakeDescriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) == 1
    }

    private func take() -> [UInt64] {
        var commands: [EngineCommand] = []
        var jobs: [UnownedJob] = []
        _ = mailbox.take(into: &commands, &jobs)
        return commands.map(Self.id)
    }

    private static func id(_ command: EngineCommand) -> UInt64 {
        switch command {
        case .start(let id, _), .resume(let id), .cancel(let id): id
        }
    }
}
