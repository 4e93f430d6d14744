import Signing

extension S3Connection {
    /// Reads `http(s)://ACCESS:SECRET@host:port?region=us-east-1&style=path`.
    ///
    /// Access key and secret are percent-decoded; `/`, `+`, `:` and `@` in a secret may also stand as they are. The query
    /// may hold `region` (us-east-1), `style` (`path`, the default, or `virtual`), `list` (`1` or `2`: the version of
    /// the listing operation) and `token` (the session token of temporary credentials).
    ///
    /// - Parameter origin: where the text was written, for messages.
    /// - Throws: ``ConnectionError`` that names the origin and never holds the secret.
    public static func parse(
        url: String, name: String, origin: String
    ) throws(ConnectionError) -> S3Connection {
        func refused(_ problem: String) -> ConnectionError {
            ConnectionError(origin: origin, problem: problem)
        }
        let form = "; expected http(s)://ACCESS:SECRET@host:port?region=us-east-1&style=path"
        let text = Substring(url)
        guard let separator = text.range(ofLiteral: "://") else {
            throw refused("it must begin with http:// or https://" + form)
        }
        let rest = text[separator.upperBound...]
        let queryStart = rest.firstIndex(of: "?") ?? rest.endIndex
        // Neither a host nor an (empty) path holds an '@': the last one ends the secret, whatever is in it.
        guard let at = rest[..<queryStart].lastIndex(of: "@") else {
            throw refused("it holds no access key and secret" + form)
        }
        let user = rest[..<at]
        var authority = rest[rest.index(after: at)..<queryStart]
        if let slash = authority.firstIndex(of: "/") {
            guard authority[slash...] == "/" else {
                throw refused("an endpoint has no path; the bucket belongs in the location")
            }
            authority = authority[..<slash]
        }
        let endpoint: Endpoint
        switch Endpoint.parse(scheme: text[..<separator.lowerBound], authority: authority) {
        case .success(let value): endpoint = value
        case .failure(let problem): throw refused(problem.words + form)
        }
        guard let colon = user.firstIndex(of: ":") else {
            throw refused("there is an access key without a secret" + form)
        }
        guard let accessKey = decoded(user[..<colon]),
            let secret = decoded(user[user.index(after: colon)...])
        else {
            throw refused(
                "a '%' in the access key or the secret must begin an escape: write %25 for itself")
        }
        guard !accessKey.isEmpty, !secret.isEmpty else {
            throw refused("the access key or the secret is empty" + form)
        }
        let options = try ConnectionOptions(query: rest[queryStart...].dropFirst(), origin: origin)
        guard
            options.style != .virtual || !Endpoint.isAddress(Endpoint.host(of: endpoint.authority))
        else { throw refused("style=virtual needs a host name: an address has no subdomains") }
        var dialect = Dialect()
        dialect.listVersion = options.listVersion
        return S3Connection(
            name: name, scheme: endpoint.scheme, authority: endpoint.authority,
            region: options.region, style: options.style,
            credentials: GivenCredentials(
                Credentials(
                    accessKeyID: accessKey, secretAccessKey: secret, sessionToken: options.token),
                origin: origin),
            dialect: dialect, origin: origin)
    }

    /// The connection in `BRIGADE_CONNECTION_NAME`, or nil when that is not set.
    ///
    /// - Parameter name: as in a location; in the variable it is in upper case, with `_` for `-`.
    public static func fromEnvironment(
        name: String, environment: [String: String]
    ) throws(ConnectionError) -> S3Connection? {
        let variable = environmentVariable(name: name)
        guard let url = environment[variable] else { return nil }
        return try parse(url: url, name: name, origin: variable)
    }

    /// "BRIGADE_CONNECTION_OFF_SITE" for "off-site".
    public static func environmentVariable(name: String) -> String {
        var bytes = Array("BRIGADE_CONNECTION_".utf8)
        for byte in name.utf8 {
            switch byte {
            case 0x61...0x7A: bytes.append(byte - 0x20)
            case 0x2D: bytes.append(0x5F)
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func decoded(_ text: Substring) -> String? {
        URIEncoding.decode(text).flatMap { String(validating: $0, as: UTF8.self) }
    }
}

/// The query of a connection's URL.
struct ConnectionOptions {
    var region = "us-east-1"
    var style = S3Connection.Style.path
    var listVersion = 2
    var token: String?

    init(query: Substring, origin: String) throws(ConnectionError) {
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts[0]
            let value = parts.count > 1 ? URIEncoding.decode(parts[1]) : []
            guard let value, let text = String(validating: value, as: UTF8.self) else {
                throw ConnectionError(
                    origin: origin, problem: "the value of \(name) is not percent-encoded text")
            }
            func refused(_ expected: String) -> ConnectionError {
                ConnectionError(origin: origin, problem: "\(name) must be \(expected)")
            }
            switch name {
            case "region":
                guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F })
                else { throw refused("a region's name, as in region=us-east-1") }
                region = text
            case "style":
                guard let known = S3Connection.Style(rawValue: text) else {
                    throw refused("path or virtual")
                }
                style = known
            case "list":
                guard text == "1" || text == "2" else { throw refused("1 or 2") }
                listVersion = text == "1" ? 1 : 2
            case "token":
                guard !text.isEmpty else { throw refused("a session token") }
                token = text
            default:
                throw ConnectionError(
                    origin: origin,
                    problem: "unknown option \"\(name)\"; known are region, style, list and token")
            }
        }
    }
}
