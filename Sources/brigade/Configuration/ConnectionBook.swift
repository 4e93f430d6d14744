import Runtime
import S3
import Signing
import Transport

/// Finds the connection that a location names: in the environment, then in the configuration file; without
/// a name, the AWS chain.
struct ConnectionBook: Sendable {
    let environment: [String: String]
    let file: ConfigurationFile?

    static let defaultName = "aws"
    private static let variablePrefix = "BRIGADE_CONNECTION_"

    /// - Throws: ``CommandFailure`` with the status `usage`.
    func connection(
        _ name: String?, transport: HTTPTransport
    ) throws(CommandFailure) -> S3Connection {
        do {
            guard let name else {
                return try S3Connection.awsDefault(environment: environment, transport: transport)
            }
            if let found = try S3Connection.fromEnvironment(name: name, environment: environment) {
                return found
            }
            if let entry = file?.connections.first(where: { $0.name == name }) {
                return try connection(entry, transport)
            }
            throw unknown(name)
        } catch let failure as CommandFailure {
            throw failure
        } catch let error as ConnectionError {
            throw CommandFailure(
                .usage, error.description, advice: error.advice.map { [$0] } ?? [])
        } catch {
            throw CommandFailure(.usage, "\(error)")
        }
    }

    /// Upper case in the environment, so shown in lower case.
    var known: [String] {
        let fromEnvironment = environment.keys.filter { $0.hasPrefix(Self.variablePrefix) }
            .map { $0.dropFirst(Self.variablePrefix.count).lowercased() }
        let fromFile = file?.connections.map(\.name) ?? []
        return Set(fromEnvironment + fromFile).sorted()
    }

    func unknown(_ name: String) -> CommandFailure {
        let variable = S3Connection.environmentVariable(name: name)
        var message = "there is no connection \"\(name)\""
        if let nearest = CommandLineAdvice.nearest(to: name, among: known) {
            message += "; did you mean \"\(nearest)\"?"
        }
        let list =
            known.isEmpty ? "No connection is known." : "Known: \(known.joined(separator: ", "))."
        let place = file.map { "in \($0.path) under connections" } ?? "in ./brigade.yaml"
        return CommandFailure(
            .usage, message,
            advice: list
                + " Set \(variable)=http(s)://ACCESS:SECRET@host:port, or describe it \(place).")
    }

    private func connection(
        _ entry: ConfigurationFile.Connection, _ transport: HTTPTransport
    ) throws -> S3Connection {
        guard let separator = entry.endpoint.firstRange(of: "://") else {
            throw CommandFailure(
                .usage, "\(entry.origin): endpoint must begin with http:// or https://")
        }
        let keys = try keys(entry)
        var query: [String] = []
        if let region = entry.region { query.append("region=" + Self.escaped(region)) }
        if let style = entry.style { query.append("style=" + style) }
        if let list = entry.listVersion { query.append("list=\(list)") }
        if let token = keys?.sessionToken { query.append("token=" + Self.escaped(token)) }
        // One reader for both ways to write a connection down; a connection whose keys come from
        // elsewhere is read with a pair that is replaced at once.
        let user =
            keys.map { Self.escaped($0.accessKeyID) + ":" + Self.escaped($0.secretAccessKey) }
            ?? "none:none"
        let rest = entry.endpoint[separator.upperBound...]
        guard !rest.contains("@") else {
            throw CommandFailure(
                .usage,
                "\(entry.origin): an endpoint holds no credentials; name them under credentials")
        }
        guard !rest.contains("?") else {
            throw CommandFailure(
                .usage,
                "\(entry.origin): an endpoint holds no options; write region, style and list beside it"
            )
        }
        var connection = try S3Connection.parse(
            url: entry.endpoint[..<separator.upperBound] + user + "@" + rest
                + (query.isEmpty ? "" : "?" + query.joined(separator: "&")),
            name: entry.name, origin: entry.origin)
        if keys == nil { connection.credentials = try chain(entry, transport) }
        return connection
    }

    private func keys(_ entry: ConfigurationFile.Connection) throws(CommandFailure) -> Credentials?
    {
        guard case .environment(let name) = entry.credentials else { return nil }
        let access = environment["\(name)_ACCESS_KEY_ID"] ?? ""
        let secret = environment["\(name)_SECRET_ACCESS_KEY"] ?? ""
        guard !access.isEmpty, !secret.isEmpty else {
            let missing = access.isEmpty ? "\(name)_ACCESS_KEY_ID" : "\(name)_SECRET_ACCESS_KEY"
            throw CommandFailure(
                .usage, "connection \(entry.name) has no credentials: \(missing) is not set",
                advice: "\(entry.origin) says credentials: { environment: \(name) }.")
        }
        let token = environment["\(name)_SESSION_TOKEN"] ?? ""
        return Credentials(
            accessKeyID: access, secretAccessKey: secret, sessionToken: token.isEmpty ? nil : token)
    }

    /// The AWS chain, with the profile and the file that the entry names.
    private func chain(
        _ entry: ConfigurationFile.Connection, _ transport: HTTPTransport
    ) throws -> any CredentialsProvider {
        var environment = environment
        var profile: String?
        switch entry.credentials {
        case .environment, .chain: break
        case .profile(let name): profile = name
        case .file(let path, let name):
            profile = name
            environment["AWS_SHARED_CREDENTIALS_FILE"] = path
        }
        return try S3Connection.awsDefault(
            environment: environment, transport: transport, profile: profile
        ).credentials
    }

    private static func escaped(_ text: String) -> String {
        URIEncoding.encode(text.utf8, keepSlash: false)
    }
}

extension ConnectionBook {
    /// What brigade.yaml says of a connection's prices, unless the environment has replaced it.
    func configuredPrices(_ name: String) -> StorePrices? {
        guard environment[S3Connection.environmentVariable(name: name)] == nil else { return nil }
        return file?.connections.first { $0.name == name }?.prices
            .flatMap { StorePrices(rawValue: $0) }
    }

    /// What requests cost at a connection: as configured, else AWS's prices at AWS and nothing elsewhere.
    func prices(_ connection: S3Connection) -> StorePrices {
        if let configured = configuredPrices(connection.name) { return configured }
        let host = connection.authority.prefix { $0 != ":" }
        let isAmazon = host.hasSuffix(".amazonaws.com") || host.hasSuffix(".amazonaws.com.cn")
        return isAmazon ? .s3Standard : .free
    }
}
