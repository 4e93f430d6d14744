#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Which hosts are reached through which proxy. Decided here and not by libcurl, because a request to a proxy that
/// forwards is written differently.
struct ProxyRules: Sendable {
    /// Empty for no proxy.
    var http: String
    var https: String
    /// Hosts that are reached directly: names with all their subdomains, addresses and networks in CIDR form,
    /// with commas or spaces between; `*` is all.
    /// Source: <https://curl.se/libcurl/c/CURLOPT_NOPROXY.html>
    var none: String

    /// - Parameter authority: host and perhaps port, as in a URL.
    func proxy(for authority: String, isTLS: Bool) -> Proxy? {
        let url = isTLS ? https : http
        return url.isEmpty || isExcepted(authority) ? nil : Proxy(url: url)
    }

    private func isExcepted(_ authority: String) -> Bool {
        if none == "*" { return true }
        let name = Self.name(of: authority)
        let address = Self.address(name)
        return none.split { $0 == "," || $0 == " " || $0 == "\t" }.contains { entry in
            if let address { return Self.network(entry, contains: address) }
            let suffix = Self.withoutDots(entry)
            return !suffix.isEmpty && (name == suffix || name.hasSuffix("." + suffix))
        }
    }

    private static func name(of authority: String) -> String {
        if authority.hasPrefix("[") { return String(authority.dropFirst().prefix { $0 != "]" }) }
        return withoutDots(authority.prefix { $0 != ":" })
    }

    private static func withoutDots(_ name: some StringProtocol) -> String {
        var name = name.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        if name.hasPrefix(".") { name.removeFirst() }
        return name
    }

    /// The 4 or 16 bytes of an address; nil for a name.
    private static func address(_ text: some StringProtocol) -> [UInt8]? {
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: count)
            if inet_pton(family, String(text), &bytes) == 1 { return bytes }
        }
        return nil
    }

    private static func network(_ entry: Substring, contains address: [UInt8]) -> Bool {
        let parts = entry.split(separator: "/", maxSplits: 1)
        guard let first = parts.first, let network = Self.address(first),
            network.count == address.count
        else { return false }
        var bits = address.count * 8
        if parts.count == 2 {
            guard let given = Int(parts[1]), (0...bits).contains(given) else { return false }
            bits = given
        }
        return address.indices.allSatisfy { index in
            let kept = min(8, max(0, bits - index * 8))
            let mask = kept == 0 ? 0 : UInt8(truncatingIfNeeded: 0xFF << (8 - kept))
            return address[index] & mask == network[index] & mask
        }
    }
}
