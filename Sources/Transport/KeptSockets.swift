#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The sockets of finished transfers by their local ports, under which libcurl names a connection that it uses again.
/// Confined to an engine thread. At most one for each port of this machine.
struct KeptSockets {
    private var descriptors: [Int: Int32] = [:]

    mutating func note(_ descriptor: Int32, port: Int) { descriptors[port] = descriptor }

    /// Whether bytes, or the peer's end, wait on the connection with this local port: they belong to no request, and
    /// would be read as the answer to the next one. libcurl itself looks for the end alone.
    func hasStray(onPort port: Int) -> Bool {
        // Since it was noted the socket may have been closed, and its number given to another.
        guard let descriptor = descriptors[port], Self.localPort(of: descriptor) == port else {
            return false
        }
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    static func localPort(of descriptor: Int32) -> Int? {
        var address = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(descriptor, $0, &length)
            }
        }
        // The port is at the same place in the addresses of IPv4 and IPv6.
        return code == 0 ? Int(UInt16(bigEndian: address.sin6_port)) : nil
    }
}
