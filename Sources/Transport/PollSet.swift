#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The descriptors that one engine waits for. `poll` and not `epoll`: a request changes its
/// socket's events several times, which costs no system call here.
struct PollSet {
    private var entries: [pollfd] = []
    /// By descriptor: the place in `entries`, or -1.
    private var places: [Int] = []

    var count: Int { entries.count }

    mutating func set(_ descriptor: Int32, _ events: Int16) {
        let index = Int(descriptor)
        while places.count <= index { places.append(-1) }
        if places[index] >= 0 {
            entries[places[index]].events = events
        } else {
            places[index] = entries.count
            entries.append(pollfd(fd: descriptor, events: events, revents: 0))
        }
    }

    mutating func remove(_ descriptor: Int32) {
        let index = Int(descriptor)
        guard index < places.count, places[index] >= 0 else { return }
        let place = places[index]
        let last = entries.removeLast()
        if place < entries.count {
            entries[place] = last
            places[Int(last.fd)] = place
        }
        places[index] = -1
    }

    /// Waits at most so long, and adds the descriptors with events to `ready`.
    mutating func wait(milliseconds: Int32, into ready: inout [pollfd]) {
        var left = poll(&entries, nfds_t(entries.count), milliseconds)
        var index = 0
        while left > 0, index < entries.count {
            if entries[index].revents != 0 {
                ready.append(entries[index])
                left -= 1
            }
            index += 1
        }
    }
}
