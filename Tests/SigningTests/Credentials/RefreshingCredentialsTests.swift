import Testing
import Transport

@testable import Signing

/// What goes wrong here waits for ever, so there is a limit.
@Suite(.timeLimit(.minutes(1))) struct RefreshingCredentialsTests {
    /// A source that gives what it is told, and waits where it is told to.
    final class Source: Sendable {
        private struct State {
            var fetches = 0
            var isOpen = true
            var waiters: [CheckedContinuation<Void, Never>] = []
            var begun: [CheckedContinuation<Void, Never>] = []
            var result: Result<Credentials, CredentialsError>
        }

        private let state: Locked<State>

        init(_ result: Result<Credentials, CredentialsError>) {
            state = Locked(State(result: result))
        }

        var fetches: Int { state.withLock { $0.fetches } }
        func give(_ result: Result<Credentials, CredentialsError>) {
            state.withLock { $0.result = result }
        }
        func close() { state.withLock { $0.isOpen = false } }
        func open() {
            let waiters = state.withLock { state in
                state.isOpen = true
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.resume() }
        }

        /// Returns when a fetch waits behind the closed door.
        func whenAsked() async {
            await withCheckedContinuation { waiter in
                let isAsked = state.withLock { state in
                    if state.waiters.isEmpty { state.begun.append(waiter) }
                    return !state.waiters.isEmpty
                }
                if isAsked { waiter.resume() }
            }
        }

        @Sendable func fetch() async throws(CredentialsError) -> Credentials {
            state.withLock { $0.fetches += 1 }
            await withCheckedContinuation { waiter in
                let ready = state.withLock { state -> [CheckedContinuation<Void, Never>] in
                    if state.isOpen { return [waiter] }
                    state.waiters.append(waiter)
                    defer { state.begun = [] }
                    return state.begun
                }
                for waiter in ready { waiter.resume() }
            }
            return try state.withLock { $0.result }.get()
        }
    }

    private static let failure = CredentialsError(.unavailable, origin: "o", problem: "down")

    private func keys(_ name: String, until expiration: Int64?) -> Credentials {
        Credentials(accessKeyID: name, secretAccessKey: "s", expiration: expiration)
    }

    private func make(_ source: Source, _ clock: ManualClock) -> RefreshingCredentials {
        RefreshingCredentials(origin: "o", now: { clock.now }, fetch: source.fetch)
    }

    /// A refresh runs beside the callers: asked until it has come.
    private func settled(
        _ provider: RefreshingCredentials, _ name: String
    ) async throws -> Credentials {
        while true {
            let value = try await provider.credentials()
            if value.accessKeyID == name { return value }
            await Task.yield()
        }
    }

    @Test func allWaitForOneFetch() async throws {
        let clock = ManualClock()
        let source = Source(.success(keys("A", until: clock.now + 3600)))
        source.close()
        let provider = make(source, clock)
        let found = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<50 {
                group.addTask { try await provider.credentials().accessKeyID }
            }
            await source.whenAsked()
            source.open()
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(found == [String](repeating: "A", count: 50))
        #expect(source.fetches == 1)
    }

    @Test func nothingIsAskedWhileThereIsTime() async throws {
        let clock = ManualClock()
        let source = Source(.success(keys("A", until: clock.now + 3600)))
        let provider = make(source, clock)
        _ = try await provider.credentials()
        clock.advance(3600 - RefreshingCredentials.aheadSeconds - 1)
        #expect(try await provider.credentials().accessKeyID == "A")
        #expect(source.fetches == 1)
    }

    @Test func keysWithoutAnEndAreKept() async throws {
        let clock = ManualClock()
        let source = Source(.success(keys("A", until: nil)))
        let provider = make(source, clock)
        _ = try await provider.credentials()
        clock.advance(1 << 40)
        #expect(try await provider.credentials().accessKeyID == "A")
        #expect(source.fetches == 1)
    }

    /// Five minutes ahead the old ones are handed out at once, while the refresh is on its way.
    @Test func aRefreshRunsAheadAndNobodyWaits() async throws {
        let clock = ManualClock()
        let source = Source(.success(keys("A", until: clock.now + 3600)))
        let provider = make(source, clock)
        _ = try await provider.credentials()
        clock.advance(3600 - RefreshingCredentials.aheadSeconds)
        source.give(.success(keys("B", until: clock.now + 3600)))
        source.close()
        for _ in 0..<10 { #expect(try await provider.credentials().accessKeyID == "A") }
        await source.whenAsked()
        #expect(source.fetches == 2)
        source.open()
        #expect(try await settled(provider, "B").expiration == clock.now + 3600)
        #expect(source.fetches == 2)
    }

    /// What fails ahead of time is tried again, but not with every request; what has expired is not handed out.
    @Test func aFailedRefreshKeepsTheOldWhileTheyAreValid() async throws {
        let clock = ManualClock()
        let end = clock.now + 3600
        let source = Source(.success(keys("A", until: end)))
        let provider = make(source, clock)
        _ = try await provider.credentials()
        clock.advance(3600 - RefreshingCredentials.aheadSeconds)
        source.give(.failure(Self.failure))
        source.close()
        #expect(try await provider.credentials().accessKeyID == "A")
        await source.whenAsked()
        source.open()
        // Until the failure is noted, the fetch counts as under way: neither asks again.
        for _ in 0..<20 { #expect(try await provider.credentials().accessKeyID == "A") }
        #expect(source.fetches == 2)
        while source.fetches < 3 {
            // The pause is over, as soon as the failure has been noted.
            clock.advance(RefreshingCredentials.pauseSeconds)
            guard clock.now < end else { break }
            #expect(try await provider.credentials().accessKeyID == "A")
            await Task.yield()
        }
        clock.advance(RefreshingCredentials.aheadSeconds)
        let error = await credentialsError { try await provider.credentials() }
        #expect(error?.problem == "down")
        source.give(.success(keys("B", until: clock.now + 7200)))
        clock.advance(RefreshingCredentials.failureSeconds)
        #expect(try await settled(provider, "B").accessKeyID == "B")
    }

    @Test func aFailureAnswersAllForAWhile() async throws {
        let clock = ManualClock()
        let source = Source(.failure(Self.failure))
        let provider = make(source, clock)
        for _ in 0..<5 {
            let error = await credentialsError { try await provider.credentials() }
            #expect(error?.problem == "down")
        }
        #expect(source.fetches == 1)
        clock.advance(RefreshingCredentials.failureSeconds)
        source.give(.success(keys("A", until: clock.now + 3600)))
        #expect(try await provider.credentials().accessKeyID == "A")
        #expect(source.fetches == 2)
    }

    @Test func whatHadExpiredWhenItCameIsRefused() async throws {
        let clock = ManualClock()
        let source = Source(.success(keys("A", until: clock.now)))
        let provider = make(source, clock)
        let error = await credentialsError { try await provider.credentials() }
        #expect(error?.kind == .malformedAnswer)
        #expect(error?.advice?.contains("clock") == true)
    }

    /// Minutes are a lifetime too: they do not make every request a refresh.
    @Test func shortLivesAreNotRefreshedAllTheTime() async throws {
        let clock = ManualClock()
        let source = Source(.success(keys("A", until: clock.now + 120)))
        let provider = make(source, clock)
        for _ in 0..<20 { _ = try await provider.credentials() }
        #expect(source.fetches == 1)
        source.give(.success(keys("B", until: clock.now + 240)))
        clock.advance(RefreshingCredentials.pauseSeconds)
        _ = try await settled(provider, "B")
        #expect(source.fetches == 2)
    }

    @Test func oneWhoIsCancelledLeavesAndTheOthersAreServed() async throws {
        let clock = ManualClock()
        let source = Source(.success(keys("A", until: nil)))
        source.close()
        let provider = make(source, clock)
        let impatient = Task { try await provider.credentials() }
        await source.whenAsked()
        let patient = Task { try await provider.credentials() }
        impatient.cancel()
        await #expect(throws: CancellationError.self) { try await impatient.value }
        source.open()
        #expect(try await patient.value.accessKeyID == "A")
        #expect(source.fetches == 1)
    }

    @Test func oneWhoComesCancelledDoesNotWait() async throws {
        let source = Source(.success(keys("A", until: nil)))
        source.close()
        let provider = make(source, ManualClock())
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await provider.credentials()
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        source.open()
    }
}
