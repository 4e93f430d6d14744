import Foundation
import Glibc

/// A proxy that knows CONNECT to ports of 127.0.0.1.
struct TunnelProxy {
    let server: ScriptedServer

    init() throws {
        server = try ScriptedServer { connection in
            guard let head = connection.head(), head.method == "CONNECT",
                let port = head.target.split(separator: ":").last.flatMap({ Int($0) }),
                // A port where nobody listens is the client's to hear of.
                let upstream = try? Loopback.connect(port: port)
            else {
                connection.answer(502)
                return
            }
            defer { close(upstream) }
            connection.send("HTTP/1.1 200 Connection established\r\nx-proxy: yes\r\n\r\n")
            let back = Signal()
            let client = connection.descriptor
            ScriptedServer.thread {
                Self.copy(from: upstream, to: client)
                back.raise()
            }
            while case let block = connection.some(), !block.isEmpty {
                guard Self.send(block, to: upstream) else { break }
            }
            shutdown(upstream, Int32(SHUT_RDWR))
            back.waitOnThread()
        }
    }

    private static func copy(from: Int32, to: Int32) {
        var block = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = recv(from, &block, block.count, 0)
            guard count > 0, send(Array(block[..<count]), to: to) else { break }
        }
        shutdown(to, Int32(SHUT_RDWR))
    }

    private static func send(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}
