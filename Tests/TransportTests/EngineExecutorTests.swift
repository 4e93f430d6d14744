import Testing

@testable import Transport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

struct EngineExecutorTests {
    private static func thread() -> UInt { UInt(pthread_self()) }

    @Test func tasksGoOnOnTheEnginesThread() async {
        let transport = HTTPTransport()
        let before = Self.thread()
        let threads = await withTaskExecutorPreference(transport.executor) {
            await withTaskGroup(of: UInt.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        await Task.yield()
                        return Self.thread()
                    }
                }
                return await group.reduce(into: Set<UInt>()) { $0.insert($1) }
            }
        }
        #expect(threads.count == 1)
        #expect(!threads.contains(before))
        await transport.shutdown()
    }

    /// What has no engine any more still ends.
    @Test func afterTheEndTasksGoOnElsewhere() async {
        let transport = HTTPTransport()
        let executor = transport.executor
        await transport.shutdown()
        let value = await withTaskExecutorPreference(executor) {
            await Task.yield()
            return 7
        }
        #expect(value == 7)
    }
}
