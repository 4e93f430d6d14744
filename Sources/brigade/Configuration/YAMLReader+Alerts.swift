import Yams

extension YAMLReader {
    func listen(_ node: Node) throws(CommandFailure) -> ListenAddress {
        guard let address = node.scalar.flatMap({ ListenAddress(argument: $0.string) }) else {
            throw failure(
                node, "listen must be HOST:PORT, as in 127.0.0.1:9010" + YAMLSection.not(node))
        }
        return address
    }

    func alerts(_ node: Node) throws(CommandFailure) -> ConfiguredAlerts {
        let section = try YAMLSection(
            self, node, opening: "alerts", known: ConfigurationKeys.alerts,
            instead: ConfigurationKeys.insteadInAlerts)
        let url = try section.required("webhook", "https://host/path")
        if let problem = Self.problem(webhook: url) { throw section.refused("webhook", problem) }
        return ConfiguredAlerts(
            webhook: url, token: try section.members["token"].map(token), origin: origin(node))
    }

    /// Nothing of what stands there is repeated: it may be the token itself.
    private func token(_ node: Node) throws(CommandFailure) -> ConfiguredAlerts.Token {
        let form = "write token: { environment: NAME } or token: { file: PATH }"
        guard node.mapping != nil else {
            throw failure(node, "alerts: a token never stands in the file; \(form)")
        }
        let section = try YAMLSection(
            self, node, opening: "alerts", path: "token.", known: ConfigurationKeys.token,
            instead: ConfigurationKeys.insteadInToken)
        guard section.members.items.count == 1 else {
            throw failure(node, "alerts: token is kept in one place: \(form)")
        }
        if let path = try section.text("file") { return .file(path) }
        guard let name = try section.text("environment"), Self.isVariable(name) else {
            throw section.refused(
                "environment",
                "must be a variable's name: letters, digits and \"_\", not beginning with a digit")
        }
        return .environment(name)
    }

    /// What is wrong with the address, which is not repeated.
    private static func problem(webhook url: String) -> String? {
        let form = ", as in https://host:8443/alerts"
        guard let separator = url.firstRange(of: "://"),
            ["http", "https"].contains(url[..<separator.lowerBound].lowercased())
        else { return "must begin with http:// or https://" + form }
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return "must be printable ASCII without spaces" + form
        }
        let rest = url[separator.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.contains("@") else {
            return
                "holds a name or a password; write token: { environment: NAME } or { file: PATH }"
                + " beside it"
        }
        // The host and port of a listener are written as those of any other place.
        let isWithPort = authority.last != "]" && authority.contains(":")
        let place = ListenAddress(argument: isWithPort ? String(authority) : "\(authority):80")
        guard let place, !authority.isEmpty, !authority.hasPrefix(":"), authority != "[]",
            place.port > 0
        else {
            return "must name a host, and a port from 1 to 65535 or none" + form
        }
        return nil
    }

    /// Source: <https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html>
    private static func isVariable(_ text: String) -> Bool {
        !(0x30...0x39).contains(text.utf8.first ?? 0x30)
            && text.utf8.allSatisfy {
                switch $0 {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
                default: false
                }
            }
    }
}
