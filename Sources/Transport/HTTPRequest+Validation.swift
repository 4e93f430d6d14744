extension HTTPRequest {
    /// host:port of the URL, for errors: what stands between `//` and the path, with the scheme's port if none.
    var host: String {
        let bytes = Array(url.utf8)
        guard let (scheme, authority) = Self.split(bytes) else { return "" }
        let name = bytes[authority]
        let afterBracket = name.lastIndex(of: UInt8(ascii: "]")) ?? name.startIndex
        let hasPort = name[afterBracket...].contains(UInt8(ascii: ":"))
        let text = String(decoding: name, as: UTF8.self)
        return hasPort ? text : text + (scheme == .https ? ":443" : ":80")
    }

    /// Of URL and header fields together: servers take far less.
    static let headLimitBytes = 256 << 10

    enum Scheme { case http, https }

    var scheme: Scheme {
        // "https:" and "http:/" differ in the fifth byte; validation has checked the rest.
        let fifth = url.utf8.dropFirst(4).first
        return fifth == UInt8(ascii: "s") || fifth == UInt8(ascii: "S") ? .https : .http
    }

    /// Whether this could be sent as it stands: bytes that would let a name, a value or a URL change the
    /// meaning of the request are refused here, before any connection.
    func validate() throws(TransportError) {
        if let problem = sizeProblem() ?? urlProblem() ?? headerProblem() {
            throw invalid(problem)
        }
    }

    func invalid(_ message: String) -> TransportError {
        TransportError(.invalidRequest, host: host, message: message, mayHaveBeenSent: false)
    }

    private func sizeProblem() -> String? {
        // Its answer could not be told from that of a request with another meaning.
        if method == .head && !body.isEmpty { return "a HEAD request has no body" }
        return url.utf8.count + headers.bytes.count > Self.headLimitBytes
            ? "URL and headers are longer than \(Self.headLimitBytes) bytes" : nil
    }

    private func urlProblem() -> String? {
        var url = url
        return url.withUTF8 { bytes in
            guard let (_, authority) = Self.split(bytes) else {
                return "the URL must start with http:// or https://"
            }
            if authority.isEmpty { return "the URL has no host" }
            if bytes[authority].contains(UInt8(ascii: "@")) {
                return "the URL must not hold credentials"
            }
            for byte in bytes {
                // A fragment would silently not be sent.
                if byte <= 0x20 || byte >= 0x7F || byte == UInt8(ascii: "#") {
                    return "the URL holds a byte that must be percent-encoded"
                }
            }
            return nil
        }
    }

    private func headerProblem() -> String? {
        var problem: String?
        headers.forEachField { field in
            if problem == nil { problem = Self.problem(of: field) }
        }
        return problem
    }

    private static func problem(of field: HTTPField) -> String? {
        if field.nameBytes.isEmpty || !field.nameBytes.allSatisfy(isTokenByte) {
            return "a header name holds a byte that is not allowed"
        }
        for byte in field.valueBytes where byte == 0x0D || byte == 0x0A || byte == 0 {
            return "the value of header \(field.name) holds CR, LF or NUL"
        }
        return field.isNamed("transfer-encoding")
            ? "header Transfer-Encoding is not the caller's to set" : nil
    }

    /// Host and perhaps port of a URL that has been validated.
    static func authority(of url: [UInt8]) -> ArraySlice<UInt8> {
        split(url).map { url[$0.1] } ?? []
    }

    private static func split(
        _ bytes: some RandomAccessCollection<UInt8>
    ) -> (Scheme, Range<Int>)? {
        func hasPrefix(_ prefix: StaticString) -> Bool {
            let count = prefix.utf8CodeUnitCount
            guard bytes.count >= count else { return false }
            let start = UnsafeBufferPointer(start: prefix.utf8Start, count: count)
            return zip(bytes, start).allSatisfy { $0 == $1 || $0 | 0x20 == $1 && $1 >= 0x61 }
        }
        let scheme: Scheme
        let start: Int
        if hasPrefix("http://") {
            (scheme, start) = (.http, 7)
        } else if hasPrefix("https://") {
            (scheme, start) = (.https, 8)
        } else {
            return nil
        }
        var end = start
        for byte in bytes.dropFirst(start) {
            if byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#") {
                break
            }
            end += 1
        }
        return (scheme, start..<end)
    }

    /// A `tchar`. Source: <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2>
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x5E...0x7A: true
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"),
            UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
