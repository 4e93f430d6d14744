import Runtime
import Yams

/// Reads nodes, and complains with file and line.
struct YAMLReader {
    var file: String

    func failure(_ node: Node?, _ problem: String) -> CommandFailure {
        CommandFailure(.usage, "\(origin(node)): \(problem)")
    }

    func origin(_ node: Node?) -> String {
        node?.mark.map { "\(file) line \($0.line)" } ?? file
    }

    /// - Throws: for something else than a mapping, and for a name that stands twice.
    func mapping(_ node: Node, _ what: String) throws(CommandFailure) -> Members {
        guard let mapping = node.mapping else {
            throw failure(node, "\(what) must be a mapping of names to values")
        }
        var members = Members()
        for (key, value) in mapping {
            guard let name = key.scalar?.string else {
                throw failure(key, "a name was expected in \(what)")
            }
            guard members[name] == nil else {
                throw failure(key, "\"\(name)\" stands twice in \(what)")
            }
            members.items.append((name, key, value))
        }
        return members
    }

    struct Members: Sequence {
        var items: [(name: String, key: Node, value: Node)] = []

        subscript(name: String) -> Node? { items.first { $0.name == name }?.value }

        func makeIterator() -> AnyIterator<(String, Node)> {
            var iterator = items.makeIterator()
            return AnyIterator { iterator.next().map { ($0.name, $0.value) } }
        }
    }

    /// - Parameters:
    ///   - opening: how the message begins after the line.
    ///   - instead: what is said of a key that people expect and that is not there.
    func check(
        _ members: Members, known: [String], what: String, opening: String = "",
        instead: [String: String] = [:]
    ) throws(CommandFailure) {
        for (name, key, _) in members.items where !known.contains(name) {
            if let instead = instead[name] {
                throw failure(key, "\(opening)there is no \(what) \"\(name)\": \(instead)")
            }
            let nearest = CommandLineAdvice.nearest(to: name, among: known)
            let hint =
                nearest.map { "; did you mean \"\($0)\"?" }
                ?? "; known are \(known.joined(separator: ", "))"
            throw failure(
                key, "\(opening)there is no \(what) \(YAMLSection.quoted(name))" + hint)
        }
    }

    func string(_ node: Node, _ what: String) throws(CommandFailure) -> String {
        guard let text = node.scalar?.string, !text.isEmpty else {
            throw failure(node, "\(what) must be a text")
        }
        return text
    }

    func connection(
        named name: String, _ node: Node
    ) throws(CommandFailure) -> ConfigurationFile.Connection {
        let members = try mapping(node, "connection \(name)")
        try check(
            members, known: ConfigurationKeys.connection, what: "key of a connection",
            instead: ConfigurationKeys.insteadInConnection)
        guard let endpoint = members["endpoint"] else {
            throw failure(
                node, "connection \(name) has no endpoint; add endpoint: https://host:port")
        }
        func optional(_ key: String) throws(CommandFailure) -> String? {
            guard let node = members[key] else { return nil }
            return try string(node, key)
        }
        let style = try optional("style")
        if let style, style != "path", style != "virtual" {
            throw failure(members["style"], "style must be path or virtual")
        }
        let list = try optional("list")
        if let list, list != "1", list != "2" {
            throw failure(members["list"], "list must be 1 or 2")
        }
        let prices = try optional("prices")
        if let prices, prices != "free", prices != "s3-standard" {
            throw failure(members["prices"], "prices must be free or s3-standard")
        }
        return ConfigurationFile.Connection(
            name: name, endpoint: try string(endpoint, "endpoint"), region: try optional("region"),
            style: style, listVersion: list.flatMap { Int($0) },
            credentials: try credentials(members["credentials"]), prices: prices,
            origin: origin(node))
    }

    func budget(_ node: Node) throws(CommandFailure) -> BudgetAmounts {
        guard node.scalar == nil else {
            throw failure(node, "budget must say of what it is, as in budget: { month: 5.00 }")
        }
        let members = try mapping(node, "budget")
        try check(members, known: ConfigurationKeys.budget, what: "key of budget")
        func amount(_ key: String) throws(CommandFailure) -> Money? {
            guard let node = members[key] else { return nil }
            let text = node.scalar?.string ?? ""
            guard let amount = Money(decimal: text) else {
                throw failure(
                    node,
                    "billing.budget.\(key) must be US dollars as in 5.00"
                        + (text.isEmpty ? "" : ", not \"\(text)\""))
            }
            return amount
        }
        return BudgetAmounts(run: try amount("run"), month: try amount("month"))
    }

    /// Where the runtime says that it is: both stand in every ARN.
    func runtime(
        _ node: Node
    ) throws(CommandFailure) -> (region: String?, account: String?) {
        let members = try mapping(node, "runtime")
        try check(members, known: ConfigurationKeys.runtime, what: "key of runtime")
        var (region, account): (String?, String?)
        if let node = members["region"] {
            let text = try string(node, "runtime.region")
            guard text.utf8.allSatisfy(Self.isOfARegion) else {
                throw failure(node, "runtime.region must be like us-east-1, not \"\(text)\"")
            }
            region = text
        }
        if let node = members["account"] {
            let text = try string(node, "runtime.account")
            guard text.utf8.count == 12, text.utf8.allSatisfy({ (0x30...0x39).contains($0) })
            else {
                throw failure(
                    node, "runtime.account must be twelve digits in quotes, not \"\(text)\"")
            }
            account = text
        }
        return (region, account)
    }

    private static func isOfARegion(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private func credentials(
        _ node: Node?
    ) throws(CommandFailure) -> ConfigurationFile.CredentialSource {
        guard let node else { return .chain }
        let members = try mapping(node, "credentials")
        try check(
            members, known: ConfigurationKeys.credentials, what: "key of credentials",
            instead: ConfigurationKeys.insteadInCredentials)
        if let name = members["environment"] {
            guard members.items.count == 1 else {
                throw failure(node, "credentials are either environment, or profile and file")
            }
            return .environment(try string(name, "environment"))
        }
        let profile: String? =
            if let name = members["profile"] { try string(name, "profile") } else { nil }
        if let file = members["file"] {
            return .file(path: try string(file, "file"), profile: profile ?? "default")
        }
        guard let profile else {
            throw failure(node, "credentials need environment, profile or file")
        }
        return .profile(profile)
    }
}
