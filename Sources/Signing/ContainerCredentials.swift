import Transport

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Credentials that a container's host gives: ECS tasks, EKS pods, CodeBuild, Greengrass.
///
/// A proxy set for http in the environment sees these requests too; `no_proxy` keeps it out.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>
struct ContainerCredentials: Sendable {
    static let relativeVariable = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
    static let fullVariable = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
    /// Where credentials may come from over plain http: ECS, EKS by IPv4 and by IPv6, and this machine.
    static let linkLocal = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"]

    private let url: String
    private let origin: String
    private let token: String?
    private let tokenFile: String?
    private let context: CredentialsContext

    /// - Returns: nil when the environment names no endpoint.
    /// - Throws: ``CredentialsError`` for one that credentials must not come from.
    static func provider(
        environment: [String: String], _ context: CredentialsContext
    ) throws(CredentialsError) -> RefreshingCredentials? {
        let url: String
        let origin: String
        // The path of either is a capability in itself: messages have the variable alone.
        if let path = environment.value(relativeVariable) {
            origin = "the container endpoint of \(relativeVariable)"
            guard path.hasPrefix("/") else {
                throw CredentialsError(
                    .misconfigured, origin: origin, problem: "it must begin with a slash")
            }
            url = context.containerURL + path
        } else if let full = environment.value(fullVariable) {
            origin = "the container endpoint of \(fullVariable)"
            if let problem = problem(with: full) {
                throw CredentialsError(.misconfigured, origin: origin, problem: problem)
            }
            url = full
        } else {
            return nil
        }
        let source = ContainerCredentials(
            url: url, origin: origin,
            token: environment.value("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
            tokenFile: environment.value("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
            context: context)
        return RefreshingCredentials(origin: origin, now: context.now) {
            () async throws(CredentialsError) in try await source.fetch()
        }
    }

    /// Why a URL may not be asked; nil when it may.
    static func problem(with url: String) -> String? {
        guard let separator = url.firstRange(of: "://") else { return "it is no URL" }
        let rest = url[separator.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.contains("@") else { return "it must not hold a user" }
        switch url[..<separator.lowerBound].lowercased() {
        case "https": return authority.isEmpty ? "it has no host" : nil
        case "http":
            let host: Substring
            if authority.first == "[" {
                host = authority.dropFirst().prefix { $0 != "]" }
            } else {
                host = authority.prefix { $0 != ":" }
            }
            if mayUsePlainHTTP(host.lowercased()) { return nil }
            return "over http only this machine and \(linkLocal.joined(separator: ", ")) "
                + "may give credentials, and this is another host"
        default: return "it must begin with http:// or https://"
        }
    }

    private static func mayUsePlainHTTP(_ host: String) -> Bool {
        if host == "localhost" { return true }
        var v4 = in_addr()
        if inet_pton(AF_INET, host, &v4) == 1 {
            return UInt32(bigEndian: v4.s_addr) >> 24 == 127 || linkLocal.contains(host)
        }
        guard let address = v6(host) else { return false }
        return address == v6("::1") || linkLocal.contains { v6($0) == address }
    }

    private static func v6(_ host: String) -> [UInt8]? {
        var address = in6_addr()
        guard inet_pton(AF_INET6, host, &address) == 1 else { return nil }
        return withUnsafeBytes(of: address) { [UInt8]($0) }
    }

    private func fetch() async throws(CredentialsError) -> Credentials {
        // EKS renews the file; it comes before the variable.
        let token =
            try tokenFile.map { path throws(CredentialsError) in
                try RoleCredentials.token(path)
            } ?? token
        let origin = origin
        if let token, token.utf8.contains(where: { $0 == 0x0D || $0 == 0x0A }) {
            throw CredentialsError(
                .misconfigured, origin: "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                problem: "it holds a line end")
        }
        var headers: HTTPHeaders = ["Accept": "application/json"]
        if let token { headers["Authorization"] = token }
        let request = HTTPRequest(
            .get, url, headers: headers,
            timeouts: HTTPTimeouts(
                connect: .seconds(2), idle: .seconds(5), total: .seconds(10)))
        return try await context.fetch(origin: origin) {
            request
        } read: { response in
            let status = response.head.status
            guard response.head.isSuccess else {
                return .failed(
                    CredentialsError(
                        status >= 500 || status == 429 ? .unavailable : .refused, origin: origin,
                        problem: "it answered HTTP \(status)"))
            }
            do throws(CredentialsError) {
                let document = try CredentialsDocument(response.body, origin: origin)
                return .accepted(try document.credentials(origin: origin))
            } catch {
                return .failed(error)
            }
        }
    }
}
