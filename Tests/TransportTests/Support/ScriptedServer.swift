import Foundation
import Glibc
import TestSupport
import Transport

/// A server on 127.0.0.1 whose script has each connection to itself, on a thread of its own, byte for byte.
/// When the script returns the connection is closed.
final class ScriptedServer: Sendable {
    typealias Script = @Sendable (ServerConnection) -> Void

    let port: Int
    /// Connections that were accepted, and that have ended.
    let accepted = Count()
    let ended = Count()
    private let listener: Int32
    private let heads = Locked<[RequestHead]>([])
    private let open = Locked<Set<Int32>>([])

    var authority: String { "127.0.0.1:\(port)" }
    var url: String { "http://\(authority)/object" }
    /// The heads of all requests so far, in the order they were read.
    var requests: [RequestHead] { heads.withLock { $0 } }

    init(_ script: @escaping Script) throws {
        (listener, port) = try LoopbackSocket.listen()
        let reference = WeakServer(self)
        Self.thread { [listener] in
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else {
                    if errno == EINTR || errno == ECONNABORTED { continue }
                    return
                }
                guard let server = reference.value else {
                    close(descriptor)
                    return
                }
                server.serve(descriptor, script)
            }
        }
    }

    /// Answers every request alike on connections that are kept.
    convenience init(
        answering answer:
            @escaping @Sendable (RequestHead, [UInt8]) -> (
                Int, [(String, String)], [UInt8]
            )
    ) throws {
        try self.init { connection in
            while let (head, body) = connection.request() {
                let (status, fields, answerBody) = answer(head, body)
                guard connection.answer(status, fields, answerBody, to: head) else { return }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// Ends every connection, so that scripts which wait for their peer return.
    func endConnections() {
        open.withLock { for descriptor in $0 { shutdown(descriptor, Int32(SHUT_RDWR)) } }
    }

    func note(_ head: RequestHead) { heads.withLock { $0.append(head) } }

    private func serve(_ descriptor: Int32, _ script: @escaping Script) {
        // Child processes of other tests must not hold it open.
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var one: Int32 = 1
        setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one,
            socklen_t(MemoryLayout<Int32>.size))
        let number = accepted.value
        open.withLock { _ = $0.insert(descriptor) }
        accepted.add()
        Self.thread { [self] in
            script(ServerConnection(descriptor, number: number, server: self))
            open.withLock { _ = $0.remove(descriptor) }
            close(descriptor)
            ended.add()
        }
    }

    /// Small stacks: some tests have hundreds of connections.
    static func thread(_ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.stackSize = 256 << 10
        thread.start()
    }

    private final class WeakServer: Sendable {
        private let reference: Locked<Reference>
        init(_ server: ScriptedServer) { reference = Locked(Reference(server: server)) }
        var value: ScriptedServer? { reference.withLock { $0.server } }
    }

    private struct Reference { weak var server: ScriptedServer? }
}
