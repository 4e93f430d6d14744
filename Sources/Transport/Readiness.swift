import CCurl

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The descriptors that one engine waits for, and whose they are. Confined to its thread.
///
/// A connection is registered once for its life, for the edges of both directions: what can be read or written is
/// remembered by the connection, and an exchange costs no call here. What libcurl dials with is registered as it asks.
final class Readiness {
    /// Whose a descriptor is: what an event is handed to.
    enum Owner: UInt64 {
        case mailbox = 0
        case dial = 1
        case connection = 2
    }

    struct Event {
        var owner: Owner
        var descriptor: Int32
        var flags: UInt32

        /// Something to read, or an end or an error, which reading finds.
        var isReadable: Bool {
            flags & (EPOLLIN.rawValue | EPOLLRDHUP.rawValue | Self.broken) != 0
        }
        var isWritable: Bool { flags & (EPOLLOUT.rawValue | Self.broken) != 0 }
        /// The peer has ended its direction, or the connection has broken: no other edge may come for that.
        var isHangup: Bool { flags & (EPOLLRDHUP.rawValue | Self.broken) != 0 }
        var isBroken: Bool { flags & Self.broken != 0 }

        private static let broken = EPOLLHUP.rawValue | EPOLLERR.rawValue
    }

    private let descriptor: Int32
    /// By descriptor.
    private var connections: [Unmanaged<Connection>?] = []
    private var events: [epoll_event] = Array(repeating: epoll_event(), count: 256)

    init() {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        precondition(descriptor >= 0, "no file descriptor left for an engine")
    }

    deinit { close(descriptor) }

    /// From now on every edge of a connection is told, and first how it stands. Until `remove`, which it calls itself.
    func add(_ connection: Connection) {
        let index = Int(connection.descriptor)
        while connections.count <= index { connections.append(nil) }
        connections[index] = .passUnretained(connection)
        set(
            connection.descriptor,
            EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue,
            .connection)
    }

    /// Tells as long as it is so.
    func set(_ descriptor: Int32, reads: Bool, writes: Bool, for owner: Owner) {
        set(
            descriptor, (reads ? EPOLLIN.rawValue : 0) | (writes ? EPOLLOUT.rawValue : 0), owner)
    }

    private func set(_ watched: Int32, _ flags: UInt32, _ owner: Owner) {
        var event = epoll_event()
        event.events = flags
        event.data.u64 = owner.rawValue << 32 | UInt64(watched)
        if epoll_ctl(descriptor, EPOLL_CTL_ADD, watched, &event) != 0, errno == EEXIST {
            epoll_ctl(descriptor, EPOLL_CTL_MOD, watched, &event)
        }
    }

    func remove(_ connection: Connection) {
        connections[Int(connection.descriptor)] = nil
        remove(connection.descriptor)
    }

    /// Of an event: nil when it has been closed since.
    func connection(of event: Event) -> Connection? {
        connections[Int(event.descriptor)]?.takeUnretainedValue()
    }

    func remove(_ watched: Int32) {
        var event = epoll_event()
        // It may be closed, and so forgotten, already.
        epoll_ctl(descriptor, EPOLL_CTL_DEL, watched, &event)
    }

    /// Waits at most so long, and adds what has come to `ready`.
    func wait(milliseconds: Int32, into ready: inout [Event]) {
        let count = epoll_wait(descriptor, &events, Int32(events.count), milliseconds)
        for index in 0..<max(0, Int(count)) {
            let event = events[index]
            guard let owner = Owner(rawValue: event.data.u64 >> 32) else { continue }
            ready.append(
                Event(
                    owner: owner, descriptor: Int32(truncatingIfNeeded: event.data.u64),
                    flags: event.events))
        }
    }
}
