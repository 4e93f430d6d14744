import Glibc

/// Connections to 127.0.0.1, beside what `LoopbackSocket` has.
enum Loopback {
    struct Failure: Error { var what: String }

    static func connect(port: Int) throws -> Int32 {
        let descriptor = try open()
        guard connect(descriptor, port) == 0 else {
            close(descriptor)
            throw Failure(what: "connect")
        }
        return descriptor
    }

    /// Begins connections that nobody accepts until one does not come through: the backlog is full.
    /// The caller closes them.
    static func fillBacklog(port: Int) throws -> [Int32] {
        var descriptors: [Int32] = []
        while descriptors.count < 32 {
            let descriptor = try open()
            descriptors.append(descriptor)
            _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
            if connect(descriptor, port) == 0 { continue }
            var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            if poll(&entry, 1, 100) == 0 { return descriptors }
        }
        throw Failure(what: "the backlog has no end")
    }

    private static func open() throws -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_INET, type, 0)
        guard descriptor >= 0 else { throw Failure(what: "socket: \(errno)") }
        return descriptor
    }

    private static func connect(_ descriptor: Int32, _ port: Int) -> Int32 {
        var address = address(port: UInt16(port))
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private static func address(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}
