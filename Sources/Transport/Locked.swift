#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A value behind a mutex, for short sections without suspension. Owned by whoever makes it; any thread.
///
/// Backed by `pthread_mutex_t` and not by `Synchronization.Mutex`, because ThreadSanitizer on Linux does
/// not see inside the latter and reports races in correct programs. The lock is not recursive.
///
/// `@unchecked Sendable`: the value is only ever reached with the mutex held, enters and leaves as
/// `sending`, and so needs not be `Sendable` itself.
public final class Locked<Value>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    /// In memory of its own: of a property Swift would check at run time that nobody else is at it, which the mutex
    /// sees to.
    private let value: UnsafeMutablePointer<Value>

    public init(_ value: sending Value) {
        self.value = .allocate(capacity: 1)
        self.value.initialize(to: value)
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        let code = pthread_mutex_init(mutex, nil)
        precondition(code == 0, "pthread_mutex_init failed with \(code)")
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
        value.deinitialize(count: 1)
        value.deallocate()
    }

    /// Runs `body` with exclusive access to the value. `body` must neither block nor take this lock again.
    public func withLock<Result, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value.pointee)
    }
}
