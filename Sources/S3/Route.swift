/// Where a bucket's requests go, and for which region they are signed.
struct Route: Equatable, Sendable {
    /// Without the bucket, also in virtual style.
    var authority: String
    var region: String
}

/// What an answer says of the right place to ask.
struct RouteAdvice: Equatable, Sendable {
    var region: String?
    /// Host with port, which may have the bucket in front.
    var authority: String?
    /// Of `authority`, when a `Location` header told it.
    var scheme: String?
}

/// Where to go after a redirect, or why not to.
enum Rerouting: Equatable {
    case to(Route)
    /// Another host, which gets no credentials.
    case foreign(host: String)
    case nowhere

    /// Decides on advice: the pure part. Credentials go only to the endpoint's own host and to its siblings of other regions.
    static func decide(
        _ advice: RouteAdvice, current: Route, scheme: String, bucket: String
    ) -> Rerouting {
        if let adviceScheme = advice.scheme, scheme == "https", adviceScheme != "https" {
            return .foreign(host: advice.authority ?? "")
        }
        if let advised = advice.authority {
            let authority = withoutBucket(advised, bucket)
            let region = advice.region ?? Self.region(inHost: authority) ?? current.region
            let route = Route(authority: authority, region: region)
            if route == current { return .nowhere }
            guard isSibling(authority, of: current.authority) else {
                return .foreign(host: authority)
            }
            return .to(route)
        }
        guard let region = advice.region, region != current.region else { return .nowhere }
        return .to(
            Route(
                authority: authority(current.authority, movedFrom: current.region, to: region),
                region: region))
    }

    /// Whether a host is the same service as the configured one: equal, or `s3...` names under one domain.
    /// (`s3.eu-west-1.amazonaws.com` for `s3.amazonaws.com`.) Ports must be equal.
    static func isSibling(_ other: String, of configured: String) -> Bool {
        let other = other.lowercased()
        if other == configured { return true }
        guard port(other) == port(configured), !Endpoint.isAddress(Endpoint.host(of: configured)),
            !Endpoint.isAddress(Endpoint.host(of: other))
        else { return false }
        let mine = Endpoint.host(of: configured).split(separator: ".")
        let theirs = Endpoint.host(of: other).split(separator: ".")
        guard let first = mine.first, first.hasPrefix("s3"), let begin = theirs.first,
            begin.hasPrefix("s3")
        else { return false }
        // The service's domain: what is left without the service's own label and the region's.
        var domain = mine.dropFirst()
        while domain.count > 2, let label = domain.first,
            isRegionLike(label) || label == "dualstack"
        {
            domain = domain.dropFirst()
        }
        // A public suffix ("co.uk") is nobody's domain; its first label is short.
        guard domain.count >= 2, domain.count > 2 || domain.first!.utf8.count > 3 else {
            return false
        }
        return theirs.count > domain.count && theirs.suffix(domain.count) == domain
    }

    private static func withoutBucket(_ authority: String, _ bucket: String) -> String {
        let prefix = bucket + "."
        guard !bucket.isEmpty, authority.utf8.starts(with: prefix.utf8) else { return authority }
        return String(authority.dropFirst(prefix.count))
    }

    /// The endpoint of another region: the region's label is replaced; AWS's global name gets one.
    private static func authority(
        _ authority: String, movedFrom old: String, to new: String
    ) -> String {
        var labels = authority.split(separator: ".", omittingEmptySubsequences: false)
        if let index = labels.firstIndex(of: Substring(old)) {
            labels[index] = Substring(new)
            return labels.joined(separator: ".")
        }
        if authority == "s3.amazonaws.com" { return "s3." + new + ".amazonaws.com" }
        return authority
    }

    private static func region(inHost authority: String) -> String? {
        Endpoint.host(of: authority).split(separator: ".").first(where: isRegionLike).map(
            String.init)
    }

    /// "eu-central-1", "us-gov-west-1"
    private static func isRegionLike(_ label: Substring) -> Bool {
        let parts = label.split(separator: "-")
        return parts.count >= 3 && parts.last!.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
            && parts[0].utf8.count <= 3 && !parts[0].hasPrefix("s3")
    }

    private static func port(_ authority: String) -> Substring {
        let host = Endpoint.host(of: authority)
        return authority[host.endIndex...]
    }
}
