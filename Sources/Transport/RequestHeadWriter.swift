/// The first bytes of a request: its line and its fields.
enum RequestHeadWriter {
    /// Adds the head to `bytes`. `bodyLength`: nil when there is no body, not even an empty one. `Content-Length`, `Expect` and
    /// what the origin needs are ours; the request's own fields go as they are.
    static func write(
        _ request: HTTPRequest, to origin: Origin, bodyLength: Int64?, asksFirst: Bool,
        userAgent: String, into bytes: inout [UInt8]
    ) {
        bytes.reserveCapacity(request.url.utf8.count + request.headers.bytes.count + 256)
        append(request.method.rawValue, to: &bytes)
        bytes.append(0x20)
        appendTarget(request, of: origin, to: &bytes)
        append(" HTTP/1.1\r\n", to: &bytes)
        var hasHost = false
        var hasUserAgent = false
        var hasAccept = false
        request.headers.forEachField { field in
            switch field {
            case "host": hasHost = true
            case "user-agent": hasUserAgent = true
            case "accept": hasAccept = true
            default: break
            }
        }
        if !hasHost {
            append("Host: ", to: &bytes)
            bytes.append(contentsOf: origin.host)
            append("\r\n", to: &bytes)
        }
        if !hasUserAgent { appendField("User-Agent", userAgent, to: &bytes) }
        if !hasAccept { append("Accept: */*\r\n", to: &bytes) }
        if let authorization = origin.forwardingProxy?.authorization {
            appendField("Proxy-Authorization", authorization, to: &bytes)
        }
        request.headers.forEachField { field in
            if field.isNamed("content-length") || field.isNamed("expect") { return }
            bytes.append(contentsOf: field.nameBytes)
            append(": ", to: &bytes)
            bytes.append(contentsOf: field.valueBytes)
            append("\r\n", to: &bytes)
        }
        if let bodyLength { appendField("Content-Length", String(bodyLength), to: &bytes) }
        if asksFirst { append("Expect: 100-continue\r\n", to: &bytes) }
        append("\r\n", to: &bytes)
    }

    /// Path and query, byte for byte; for a proxy that forwards, the whole URL.
    private static func appendTarget(
        _ request: HTTPRequest, of origin: Origin, to bytes: inout [UInt8]
    ) {
        var url = request.url
        url.withUTF8 { url in
            let path = UnsafeBufferPointer(rebasing: url[origin.prefix.count...])
            if origin.forwardingProxy != nil { bytes.append(contentsOf: origin.prefix) }
            if path.first != UInt8(ascii: "/") { bytes.append(UInt8(ascii: "/")) }
            bytes.append(contentsOf: path)
        }
    }

    private static func appendField(_ name: StaticString, _ value: String, to bytes: inout [UInt8])
    {
        append(name, to: &bytes)
        append(": ", to: &bytes)
        append(value, to: &bytes)
        append("\r\n", to: &bytes)
    }

    private static func append(_ text: StaticString, to bytes: inout [UInt8]) {
        bytes.append(
            contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        var text = text
        text.withUTF8 { bytes.append(contentsOf: $0) }
    }
}
