import Glibc
import Runtime
import Yams

/// What `brigade.yaml` says. Messages name the file and the line.
struct ConfigurationFile: Sendable {
    struct Connection: Sendable, Equatable {
        var name: String
        var endpoint: String
        var region: String?
        var style: String?
        /// 1 or 2.
        var listVersion: Int?
        var credentials: CredentialSource
        /// "free" or "s3-standard"; nil: by where it is.
        var prices: String?
        /// "brigade.yaml line 4".
        var origin: String
    }

    enum CredentialSource: Sendable, Equatable {
        /// NAME_ACCESS_KEY_ID and NAME_SECRET_ACCESS_KEY.
        case environment(String)
        /// Of the shared AWS files.
        case profile(String)
        /// A shared credentials file, and a profile in it.
        case file(path: String, profile: String)
        /// The AWS chain.
        case chain
    }

    static let defaultPath = "brigade.yaml"

    var path: String
    var connections: [Connection] = []
    var listen: ListenAddress?
    var alerts: ConfiguredAlerts?
    var replications: [ConfiguredReplication] = []
    var rates: String?
    var budget = BudgetAmounts()
    /// What `brigade up` says that it is; nil: its defaults.
    var region: String?
    var account: String?

    /// The file named, or `./brigade.yaml` where there is one.
    ///
    /// - Throws: ``CommandFailure`` with the status `usage`.
    static func load(_ path: String?) throws(CommandFailure) -> ConfigurationFile? {
        let name = path ?? defaultPath
        switch FileText.read(name, limitBytes: 1 << 20) {
        case .text(let text):
            return try ConfigurationFile(yaml: text, path: name)
        case .missing where path == nil:
            return nil
        case .missing:
            throw CommandFailure(
                .usage, "there is no configuration file \(name)",
                advice: "It was named with --config.")
        case .unreadable(let reason):
            throw CommandFailure(.usage, "cannot read \(name): \(reason)")
        }
    }

    init(yaml: String, path: String) throws(CommandFailure) {
        self.path = path
        let reader = YAMLReader(file: path)
        guard let root = try reader.document(yaml), root != .scalar(.init("")) else { return }
        let top = try reader.mapping(root, "the file")
        try reader.check(
            top, known: ConfigurationKeys.sections + ConfigurationKeys.setAside, what: "section")
        if let node = top["connections"] {
            for (name, value) in try reader.mapping(node, "connections") {
                connections.append(try reader.connection(named: name, value))
            }
        }
        if let node = top["billing"] {
            let billing = try reader.mapping(node, "billing")
            try reader.check(billing, known: ConfigurationKeys.billing, what: "key of billing")
            rates = try billing["rates"].map { node throws(CommandFailure) in
                let name = try reader.string(node, "rates")
                guard RateCardFile.isPath(name) || RateCard.named(name) != nil else {
                    throw reader.failure(
                        node,
                        "there is no rate card \"\(name)\"; known are "
                            + RateCard.all.map(\.name).joined(separator: ", "))
                }
                return name
            }
            if let node = billing["budget"] { budget = try reader.budget(node) }
        }
        if let node = top["listen"] { listen = try reader.listen(node) }
        if let node = top["alerts"] { alerts = try reader.alerts(node) }
        if let node = top["replications"] { replications = try reader.replications(node) }
        if let node = top["runtime"] { (region, account) = try reader.runtime(node) }
    }
}

/// A small file's text.
enum FileText {
    case text(String)
    case missing
    case unreadable(String)

    static func read(_ path: String, limitBytes: Int) -> FileText {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            return errno == ENOENT ? .missing : .unreadable(String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return .unreadable(String(cString: strerror(errno))) }
            if count == 0 { break }
            bytes += buffer[..<count]
            if bytes.count > limitBytes {
                return .unreadable("it is larger than a text of this kind")
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return .unreadable("it is not UTF-8 text")
        }
        return .text(text)
    }
}
