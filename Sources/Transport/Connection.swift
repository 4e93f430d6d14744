import CCurl

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// One open connection to an origin or its proxy, and what is known of its two directions.
/// Confined to an engine thread.
///
/// Bytes go to and from the socket directly; those of TLS pass through libcurl, whose handle then lives as long as this.
final class Connection {
    enum Step {
        /// So many bytes, at least one.
        case moved(Int)
        /// Nothing can be moved now: an edge will tell.
        case blocked
        /// The peer sends no more.
        case ended
        case failed(String)
    }

    let origin: Origin
    let descriptor: Int32
    private let dial: Dial?
    private let readiness: Readiness
    /// The exchange whose bytes these are, until its end; nil while it is idle.
    var owner: Exchange?
    /// As far as is known: a call may still block.
    var isReadable = false
    var isWritable = true
    private var hasHangup = false
    /// Not to be used for another request.
    var isSpoilt = false
    /// A request has had its answer on this connection before.
    var isUsed = false
    var idleSince: Nanoseconds = 0

    /// `dial`: the handle through which the bytes of TLS go; nil for a socket of our own.
    init(_ origin: Origin, _ descriptor: Int32, through dial: Dial?, _ readiness: Readiness) {
        self.readiness = readiness
        self.origin = origin
        self.descriptor = descriptor
        self.dial = dial
        readiness.add(self)
    }

    deinit {
        readiness.remove(self)
        // That of libcurl closes with its handle.
        if dial == nil { close(descriptor) }
    }

    func note(_ event: Readiness.Event) {
        if event.isReadable { isReadable = true }
        if event.isWritable { isWritable = true }
        if event.isHangup { hasHangup = true }
    }

    /// `room` has at least one byte.
    func receive(into room: UnsafeMutableRawBufferPointer) -> Step {
        if let dial { return receive(into: room, through: dial) }
        var count: Int
        repeat {
            count = recv(descriptor, room.baseAddress, room.count, 0)
        } while count < 0
            && errno == EINTR
        if count > 0 {
            // A short read has emptied the socket; the next edge tells of more. Source: epoll(7)
            if count < room.count, !hasHangup { isReadable = false }
            return .moved(count)
        }
        if count == 0 { return .ended }
        guard errno == EAGAIN else { return .failed(Self.message(errno)) }
        isReadable = false
        return .blocked
    }

    /// `bytes` has at least one. What did not go must be offered again from the same address: TLS demands it.
    func send(_ bytes: UnsafeRawBufferPointer) -> Step {
        if let dial { return send(bytes, through: dial) }
        var count: Int
        repeat {
            count = Self.sendBytes(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        } while count < 0 && errno == EINTR
        if count >= 0 {
            if count < bytes.count { isWritable = false }
            return .moved(count)
        }
        guard errno == EAGAIN else { return .failed(Self.message(errno)) }
        isWritable = false
        return .blocked
    }

    /// Bytes that were sent, and that the peer has not acknowledged. Source: tcp(7), SIOCOUTQ
    var unacknowledgedBytes: Int64 {
        var count: Int32 = 0
        return ioctl(descriptor, UInt(TIOCOUTQ), &count) == 0 ? Int64(count) : 0
    }

    /// Whether nothing has come that nobody asked for, and the peer has not hung up: asks the socket itself.
    /// What waits would be read as the answer to the next request.
    func isClean() -> Bool {
        var byte: UInt8 = 0
        if let dial {
            // Reads what TLS has to say for itself, session tickets for example.
            return withUnsafeMutableBytes(of: &byte) { room in
                if case .blocked = receive(into: room, through: dial) { true } else { false }
            }
        }
        guard recv(descriptor, &byte, 1, Int32(MSG_PEEK)) < 0, errno == EAGAIN else { return false }
        isReadable = false
        return true
    }

    private func receive(into room: UnsafeMutableRawBufferPointer, through dial: Dial) -> Step {
        var count = 0
        let code = curl_easy_recv(dial.curl, room.baseAddress, room.count, &count)
        switch code {
        case CURLE_OK: return count > 0 ? .moved(count) : .ended
        case CURLE_AGAIN:
            isReadable = false
            return .blocked
        default: return .failed(dial.message(for: code))
        }
    }

    private func send(_ bytes: UnsafeRawBufferPointer, through dial: Dial) -> Step {
        var count = 0
        let code = curl_easy_send(dial.curl, bytes.baseAddress, bytes.count, &count)
        switch code {
        case CURLE_OK where count > 0: return .moved(count)
        case CURLE_OK, CURLE_AGAIN:
            isWritable = false
            return .blocked
        default: return .failed(dial.message(for: code))
        }
    }

    private static func sendBytes(
        _ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ flags: Int32
    ) -> Int {
        #if canImport(Glibc)
            Glibc.send(descriptor, bytes, count, flags)
        #else
            Musl.send(descriptor, bytes, count, flags)
        #endif
    }

    private static func message(_ code: Int32) -> String {
        "the connection broke: \(String(cString: strerror(code)))"
    }
}
