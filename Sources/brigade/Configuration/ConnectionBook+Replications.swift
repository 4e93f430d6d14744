import S3

extension ConnectionBook {
    /// That every connection that a rule names is described, and that no two names for one endpoint hide what
    /// ``ReplicationPlaces`` refuses. Nothing is opened, and no key is looked up.
    ///
    /// - Throws: ``CommandFailure`` with the status `usage`, at the rule's line.
    func check(_ rules: [ConfiguredReplication]) throws(CommandFailure) {
        for rule in rules {
            for name in ([rule.from] + rule.to).compactMap(\.connection) where !isKnown(name) {
                let failure = unknown(name)
                throw CommandFailure(
                    failure.status,
                    "\(rule.origin): replication \(rule.name): \(failure.message)",
                    advice: failure.advice)
            }
        }
        if let problem = ReplicationPlaces(rules, store: store).problem() { throw problem }
    }

    private func isKnown(_ name: String) -> Bool {
        environment[S3Connection.environmentVariable(name: name)] != nil
            || file?.connections.contains { $0.name == name } ?? false
    }

    /// The endpoint's address where it is known, else the connection's name.
    private func store(_ location: S3Location) -> String? {
        guard let name = location.connection else { return nil }
        do {
            if let found = try S3Connection.fromEnvironment(name: name, environment: environment) {
                return "//" + found.authority
            }
        } catch {
            // Whoever opens it says what is wrong with the variable.
            return name
        }
        guard let entry = file?.connections.first(where: { $0.name == name }),
            let separator = entry.endpoint.firstRange(of: "://")
        else { return name }
        var authority = entry.endpoint[separator.upperBound...].lowercased()[...]
        if authority.hasSuffix("/") { authority.removeLast() }
        let usual = entry.endpoint.lowercased().hasPrefix("https:") ? ":443" : ":80"
        if authority.hasSuffix(usual) { authority.removeLast(usual.count) }
        return "//" + authority
    }
}
