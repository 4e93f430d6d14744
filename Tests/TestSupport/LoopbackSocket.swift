import Foundation
import Glibc

/// Blocking sockets on 127.0.0.1 for the servers of the tests; each connection has a thread.
public enum LoopbackSocket {
    public struct Failure: Error { public var what: String }

    /// A listening socket on a free port.
    public static func listen(backlog: Int32 = 1024) throws -> (descriptor: Int32, port: Int) {
        let (descriptor, port) = try bind()
        guard Glibc.listen(descriptor, backlog) == 0 else {
            close(descriptor)
            throw Failure(what: "listen")
        }
        return (descriptor, port)
    }

    /// A port on which nobody listens: bound for as long as the descriptor is open, so that nobody else gets it.
    public static func deadPort() throws -> (descriptor: Int32, port: Int) { try bind() }

    private static func bind() throws -> (descriptor: Int32, port: Int) {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_INET, type, 0)
        guard descriptor >= 0 else { throw Failure(what: "socket: \(errno)") }
        var address = loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &address) { pointer -> Int? in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                guard Glibc.bind(descriptor, generic, length) == 0,
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

    /// - Parameter receiveBuffer: bytes that the kernel may take in unread; 0 leaves it to the kernel.
    public static func connect(port: Int, receiveBuffer: Int32 = 0) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        if receiveBuffer > 0 {
            var size = receiveBuffer
            setsockopt(
                descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = loopback(port: UInt16(port))
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    /// Calls `serve` on a thread of its own for each connection, until the socket is closed.
    public static func acceptForever(_ listener: Int32, serve: @escaping @Sendable (Int32) -> Void)
    {
        Thread.detachNewThread {
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else {
                    if errno == EINTR { continue }
                    return
                }
                var one: Int32 = 1
                setsockopt(
                    connection, Int32(IPPROTO_TCP), TCP_NODELAY, &one,
                    socklen_t(MemoryLayout<Int32>.size))
                Thread.detachNewThread { serve(connection) }
            }
        }
    }

    @discardableResult
    public static func send(_ bytes: some Collection<UInt8>, to descriptor: Int32) -> Bool {
        let bytes = Array(bytes)
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}
