/// An endpoint as it stands in configuration: `http(s)://host[:port][/]`, checked and normalised.
struct Endpoint: Equatable, Sendable {
    var scheme: String
    /// Lower case; without the scheme's own port.
    var authority: String

    /// - Parameter text: what follows `://`, without user information, path and query.
    /// - Returns: nil and the problem, or the endpoint.
    static func parse(scheme: Substring, authority text: Substring)
        -> Result<Endpoint, EndpointProblem>
    {
        let scheme = scheme.lowercased()
        guard scheme == "http" || scheme == "https" else {
            return .failure(.init("it must begin with http:// or https://"))
        }
        let host: Substring
        var port: Substring?
        if text.first == "[" {
            guard let close = text.firstIndex(of: "]") else {
                return .failure(.init("the IPv6 address has no closing bracket"))
            }
            host = text[...close]
            let rest = text[text.index(after: close)...]
            if rest.first == ":" {
                port = rest.dropFirst()
            } else if !rest.isEmpty {
                return .failure(.init("after the IPv6 address only a port can stand"))
            }
            guard host.utf8.dropFirst().dropLast().allSatisfy(isIPv6Byte), host.utf8.count > 3
            else { return .failure(.init("the IPv6 address is malformed")) }
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        } else {
            host = text
        }
        guard !host.isEmpty else { return .failure(.init("there is no host")) }
        guard host.first == "[" || host.utf8.allSatisfy(isHostByte) else {
            return .failure(.init("the host holds a character that hosts cannot have"))
        }
        var authority = host.lowercased()
        if let port {
            guard port.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = Int(port),
                (1...65_535).contains(number)
            else { return .failure(.init("the port must be a number from 1 to 65535")) }
            if number != (scheme == "http" ? 80 : 443) { authority += ":\(number)" }
        }
        return .success(Endpoint(scheme: scheme, authority: authority))
    }

    /// A whole URL without user information: `AWS_ENDPOINT_URL`, a `Location` header, `endpoint:` in a file.
    static func parse(url: some StringProtocol) -> Result<Endpoint, EndpointProblem> {
        let text = Substring(url)
        guard let separator = text.range(ofLiteral: "://") else {
            return .failure(.init("it must begin with http:// or https://"))
        }
        let rest = text[separator.upperBound...]
        let end = rest.firstIndex(where: { $0 == "/" || $0 == "?" || $0 == "#" }) ?? rest.endIndex
        guard !rest[..<end].contains("@") else {
            return .failure(.init("an endpoint holds no credentials"))
        }
        return parse(scheme: text[..<separator.lowerBound], authority: rest[..<end])
    }

    static func host(of authority: String) -> Substring {
        if authority.first == "[", let close = authority.firstIndex(of: "]") {
            return authority[authority.index(after: authority.startIndex)..<close]
        }
        return authority[..<(authority.firstIndex(of: ":") ?? authority.endIndex)]
    }

    /// Whether the host is an address, which has no subdomains for buckets.
    static func isAddress(_ host: some StringProtocol) -> Bool {
        host.utf8.contains(0x3A)
            || host.utf8.allSatisfy { $0 == 0x2E || ($0 >= 0x30 && $0 <= 0x39) }
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
    }

    private static func isIPv6Byte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x3A, 0x41...0x46, 0x61...0x66, 0x2E: true
        default: false
        }
    }
}

/// What is wrong with an endpoint, for the message of whoever read it.
struct EndpointProblem: Error, Equatable {
    var words: String
    init(_ words: String) { self.words = words }
}

extension Substring {
    /// Where an ASCII literal stands first. (Foundation has this; nothing here imports it.)
    func range(ofLiteral literal: StaticString) -> Range<Index>? {
        let wanted = UnsafeBufferPointer(
            start: literal.utf8Start, count: literal.utf8CodeUnitCount)
        var start = utf8.startIndex
        while start < utf8.endIndex {
            if utf8[start...].starts(with: wanted) {
                return start..<utf8.index(start, offsetBy: wanted.count)
            }
            start = utf8.index(after: start)
        }
        return nil
    }
}
