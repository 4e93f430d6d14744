import Glibc

/// Blocking sockets on 127.0.0.1.
enum Loopback {
    struct Failure: Error { var what: String }

    /// A listening socket on a free port.
    static func listen(backlog: Int32 = 1024) throws -> (descriptor: Int32, port: Int) {
        let descriptor = try open()
        var address = address(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &address) { pointer -> Int? in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                guard bind(descriptor, generic, length) == 0,
                    Glibc.listen(descriptor, backlog) == 0,
                    getsockname(descriptor, generic, &length) == 0
                else { return nil }
                return Int(UInt16(bigEndian: pointer.pointee.sin_port))
            }
        }
        guard let port else {
            close(descriptor)
            throw Failure(what: "bind")
        }
        return (descriptor, port)
    }

    /// A port on which nobody listens: bound for as long as the descriptor is open, so that nobody else gets it.
    static func deadPort() throws -> (descriptor: Int32, port: Int) {
        let descriptor = try open()
        var address = address(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &address) { pointer -> Int? in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                guard bind(descriptor, generic, length) == 0,
                    getsockname(descriptor, generic, &length) == 0
                else { return nil }
                return Int(UInt16(bigEndian: pointer.pointee.sin_port))
            }
        }
        guard let port else { throw Failure(what: "bind") }
        return (descriptor, port)
    }

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
