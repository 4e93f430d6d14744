import S3
import Yams

extension YAMLReader {
    /// `replications`, in the order of the file.
    func replications(_ node: Node) throws(CommandFailure) -> [ConfiguredReplication] {
        guard let list = node.sequence else {
            throw failure(
                node,
                "replications must be a list: each rule begins with \"- name: …\", and [] is none")
        }
        guard list.count <= ConfiguredReplication.rulesMaximum else {
            throw failure(
                node, "there are more than \(ConfiguredReplication.rulesMaximum) replications")
        }
        var rules: [ConfiguredReplication] = []
        for (index, node) in list.enumerated() {
            let rule = try replication(node, number: index + 1)
            if let other = rules.first(where: { $0.name == rule.name }) {
                throw failure(
                    node,
                    "replication \(rule.name): the rule of \(other.origin) has this name already")
            }
            rules.append(rule)
        }
        if let problem = ReplicationPlaces(rules).problem() { throw problem }
        return rules
    }

    private func replication(
        _ node: Node, number: Int
    ) throws(CommandFailure) -> ConfiguredReplication {
        let name = try replicationName(node, number: number)
        let section = try YAMLSection(
            self, node, opening: "replication \(name)", known: ConfigurationKeys.replication,
            instead: ConfigurationKeys.insteadInReplication)
        let from = try section.required("from", "s3://CONNECTION@bucket/prefix")
        let to = try destinations(section)
        var rule = ConfiguredReplication(
            name: name, from: try location(from, section, "from", section.members["from"]), to: to,
            reconcile: .init(text: ConfiguredReplication.defaultReconcile, origin: origin(node)),
            origin: origin(node))
        if let node = section.members["filter"] {
            rule.filter = try filter(node, opening: "replication \(name)")
        }
        try deletes(section, &rule)
        try schedule(section, &rule)
        try copying(section, &rule)
        return rule
    }

    private func deletes(
        _ section: YAMLSection, _ rule: inout ConfiguredReplication
    ) throws(CommandFailure) {
        if let deletes = try section.choice("deletes", ConfiguredReplication.Deletes.self) {
            rule.deletes = deletes
        }
        if let node = section.members["quarantine"] {
            let days = try YAMLSection(
                self, node, opening: "replication \(rule.name)", path: "quarantine.",
                known: ConfigurationKeys.quarantine
            ).number("days", 1...3650)
            guard rule.deletes == .quarantine else {
                throw section.refused(
                    "quarantine",
                    "is for deletes: quarantine only; this rule has deletes: \(rule.deletes.rawValue)"
                )
            }
            if let days { rule.quarantineDays = days }
        }
        if let most = try section.number("maxDelete", 0 ... .max) { rule.maxDelete = most }
    }

    private func schedule(
        _ section: YAMLSection, _ rule: inout ConfiguredReplication
    ) throws(CommandFailure) {
        if let text = try section.text("reconcile") {
            rule.reconcile = .init(text: text, origin: origin(section.members["reconcile"]))
        }
        if let zone = try section.text("timeZone") {
            guard Self.isTimeZone(zone) else {
                throw section.refused(
                    "timeZone",
                    "must be a name as in Europe/Berlin or UTC"
                        + YAMLSection.not(section.members["timeZone"]))
            }
            rule.timeZone = zone
        }
        if let target = try section.span("lagTarget") {
            guard target > .zero else { throw section.refused("lagTarget", "must be 1s or more") }
            rule.lagTarget = target
        }
    }

    private func copying(
        _ section: YAMLSection, _ rule: inout ConfiguredReplication
    ) throws(CommandFailure) {
        if let name = try section.text("storageClass") {
            guard name.utf8.count <= 64,
                name.utf8.allSatisfy({ Self.isLetterOrDigit($0) || $0 == 0x5F || $0 == 0x2D })
            else {
                throw section.refused(
                    "storageClass",
                    "must be a name as in STANDARD_IA"
                        + YAMLSection.not(section.members["storageClass"]))
            }
            rule.storageClass = name
        }
        if let count = try section.number("concurrency", 1...1024) { rule.concurrency = count }
        if let backfill = try section.flag("backfill") { rule.backfill = backfill }
    }

    /// The shape alone: relative, and of no more than what the names of the time zone database are made of.
    ///
    /// Source: <https://data.iana.org/time-zones/theory.html#naming>
    private static func isTimeZone(_ text: String) -> Bool {
        text.utf8.count <= 64
            && text.utf8.allSatisfy {
                isLetterOrDigit($0) || [0x5F, 0x2D, 0x2B, 0x2F].contains($0)
            }
            && text.split(separator: "/", omittingEmptySubsequences: false)
                .allSatisfy { !$0.isEmpty }
    }

    /// First of all, because every other message begins with it.
    private func replicationName(_ node: Node, number: Int) throws(CommandFailure) -> String {
        let what = "replication \(number)"
        guard let nameNode = try mapping(node, what)["name"] else {
            throw failure(node, "\(what) has no name; add name: photos")
        }
        let text = nameNode.scalar?.string ?? ""
        guard Self.isName(text) else {
            throw failure(
                nameNode,
                "\(what): name must be 1 to 64 letters, digits, \"_\", \".\" or \"-\", and begin with"
                    + " a letter or a digit" + YAMLSection.not(nameNode))
        }
        return text
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 64 else { return false }
        return isLetterOrDigit(first)
            && text.utf8.allSatisfy {
                isLetterOrDigit($0) || $0 == 0x5F || $0 == 0x2E || $0 == 0x2D
            }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }

    private func destinations(_ section: YAMLSection) throws(CommandFailure) -> [S3Location] {
        guard section.members["to"] != nil else {
            throw section.refused("to", "is missing; add to: s3://CONNECTION@bucket/prefix")
        }
        let texts = try section.texts("to")
        guard (1...ConfiguredReplication.destinationsMaximum).contains(texts.count) else {
            throw section.refused(
                "to",
                "must name 1 to \(ConfiguredReplication.destinationsMaximum) places, not"
                    + " \(texts.count)")
        }
        var found: [S3Location] = []
        for (text, node) in texts {
            let place = try location(text, section, "to", node)
            guard !found.contains(place) else {
                throw section.refused("to", "names \(place) twice", at: node)
            }
            found.append(place)
        }
        return found
    }

    /// The text is not repeated: a key pair may have been pasted into it.
    private func location(
        _ text: String, _ section: YAMLSection, _ key: String, _ node: Node?
    ) throws(CommandFailure) -> S3Location {
        do {
            return try S3Location.parse(text)
        } catch {
            throw section.refused(key, "is no location: \(error.problem)", at: node)
        }
    }
}
