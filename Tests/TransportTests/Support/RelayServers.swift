import Testing

@testable import Transport

/// A source and a destination on loopback for relays, each with its pace.
struct RelayServers {
    let source: ScriptedServer
    let destination: ScriptedServer

    /// - Parameters:
    ///   - sourcePieces: the sizes in which the source sends, over and over; empty: all at once.
    ///   - destinationPieces: the sizes in which the destination reads.
    init(_ body: [UInt8], sourcePieces: [Int] = [], destinationPieces: [Int] = []) throws {
        source = try ScriptedServer { connection in
            while connection.request() != nil {
                var start = 0
                var turn = 0
                connection.send("HTTP/1.1 200 OK\r\nETag: \"e\"\r\n")
                connection.send("Content-Length: \(body.count)\r\n\r\n")
                while start < body.count {
                    let size =
                        sourcePieces.isEmpty ? body.count : sourcePieces[turn % sourcePieces.count]
                    let end = min(body.count, start + size)
                    guard connection.send(Array(body[start..<end])) else { return }
                    start = end
                    turn += 1
                }
            }
        }
        destination = try ScriptedServer { connection in
            guard let head = connection.head() else { return }
            if head["expect"] != nil { connection.send("HTTP/1.1 100 Continue\r\n\r\n") }
            var received: [UInt8] = []
            var turn = 0
            while received.count < head.contentLength {
                let left = head.contentLength - received.count
                let size =
                    destinationPieces.isEmpty
                    ? left : min(left, destinationPieces[turn % destinationPieces.count])
                guard let bytes = connection.exactly(size) else { return }
                received += bytes
                turn += 1
            }
            connection.answer(200, [], received)
            connection.drain()
        }
    }

    func relay(
        ringBytes: Int = 256 << 10, observe: (@Sendable (UnsafeRawBufferPointer) -> Void)? = nil
    ) -> HTTPRelay {
        HTTPRelay(
            source: HTTPRequest(.get, source.url), ringBytes: ringBytes, observe: observe
        ) { [url = destination.url] _ in HTTPRequest(.put, url) }
    }
}
