import Testing

@testable import Transport

extension HTTPTransport {
    /// A transport that does not look at the environment.
    static func forTest(
        engines: Int = 1, bandwidth: BandwidthLimit? = nil, caBundlePath: String? = nil,
        environment: [String: String] = [:]
    ) -> HTTPTransport {
        var configuration = TransportConfiguration()
        configuration.bandwidth = bandwidth
        configuration.caBundlePath = caBundlePath
        return HTTPTransport(
            EngineOptions(configuration) { environment[$0] }, engines: engines)
    }

    /// Returns when a transfer that was idle for `idle` from now on has been ended on this transport: whatever is not
    /// ended by then, and has had nothing to do since before, is not idle in the transport's eyes.
    func outlast(_ idle: Duration) async throws {
        let silent = try ScriptedServer { connection in connection.drain() }
        let error = await failure { () throws(TransportError) in
            try await self.send(HTTPRequest(.get, silent.url, timeouts: .init(idle: idle)))
        }
        #expect(error?.kind == .timedOut)
    }
}

/// The error of what must fail.
func failure<Value, Failure: Error>(
    of operation: () async throws(Failure) -> Value
) async -> Failure? {
    do throws(Failure) {
        _ = try await operation()
        return nil
    } catch {
        return error
    }
}

/// The transport's error of what must fail with one.
func transportFailure<Value>(of operation: () async throws -> Value) async -> TransportError? {
    await failure(of: operation) as? TransportError
}

/// Reads a body to its end.
func whole(_ reader: HTTPBodyReader) async throws(TransportError) -> [UInt8] {
    var bytes: [UInt8] = []
    while let block = try await reader.next() { bytes += block }
    return bytes
}

enum Chunked {
    /// `body` in chunks of at most `size` bytes, with the last chunk.
    static func encode(_ body: [UInt8], size: Int = 1000) -> [UInt8] {
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: body.count, by: size) {
            let end = min(body.count, start + size)
            bytes += Array("\(String(end - start, radix: 16))\r\n".utf8)
            bytes += body[start..<end] + Array("\r\n".utf8)
        }
        return bytes + Array("0\r\n\r\n".utf8)
    }
}
