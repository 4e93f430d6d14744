import CCurl

/// The C entry points. libcurl calls them on the engine thread, from `curl_multi_socket_action` and
/// `curl_easy_pause`; they never call libcurl themselves.
extension EasyHandle {
    private static func exchange(_ context: UnsafeMutableRawPointer?) -> Exchange? {
        guard let context else { return nil }
        return Unmanaged<EasyHandle>.fromOpaque(context).takeUnretainedValue().owner
    }

    static let write: ccurl_block_callback = { bytes, size, count, context in
        guard let exchange = exchange(context) else { return 0 }
        let block = UnsafeRawBufferPointer(start: bytes, count: size * count)
        return switch exchange.takeBlock(block) {
        case .taken: block.count
        case .full: Int(CURL_WRITEFUNC_PAUSE)
        // Another number than that of the bytes ends the transfer, even for an empty block.
        case .enough: block.count + 1
        }
    }

    static let header: ccurl_block_callback = { bytes, size, count, context in
        guard let exchange = exchange(context) else { return 0 }
        let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
        return exchange.takeHeaderLine(line) ? line.count : line.count + 1
    }

    static let read: ccurl_block_callback = { bytes, size, count, context in
        guard let exchange = exchange(context) else { return Int(CURL_READFUNC_ABORT) }
        let room = UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
        return exchange.fill(room) ?? Int(CURL_READFUNC_PAUSE)
    }

    /// The connection stands, and the request is about to leave on it.
    static let beforeRequest: curl_prereq_callback = { context, _, _, _, port in
        guard let exchange = exchange(context), exchange.mayBegin(onPort: Int(port)) else {
            return CURL_PREREQFUNC_ABORT
        }
        return CURL_PREREQFUNC_OK
    }

    static let seek: curl_seek_callback = { context, offset, origin in
        guard origin == SEEK_SET, let exchange = exchange(context) else {
            return CURL_SEEKFUNC_CANTSEEK
        }
        return exchange.rewind(to: Int64(offset)) ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL
    }
}
