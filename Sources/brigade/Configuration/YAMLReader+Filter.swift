import Replication
import S3
import Yams

extension YAMLReader {
    /// - Parameter opening: "replication photos".
    func filter(_ node: Node, opening: String) throws(CommandFailure) -> ConfiguredFilter {
        let section = try YAMLSection(
            self, node, opening: opening, path: "filter.", known: ConfigurationKeys.filter,
            instead: ConfigurationKeys.insteadInFilter)
        var filter = ConfiguredFilter()
        if let node = section.members["prefix"] {
            guard let text = node.scalar?.string else {
                throw section.refused("prefix", "must be a text")
            }
            filter.prefix = ObjectKey(text)
        }
        filter.include = try globs(section, "include")
        filter.exclude = try globs(section, "exclude")
        (filter.minSize, filter.maxSize) = (
            try section.size("minSize"), try section.size("maxSize")
        )
        (filter.minAge, filter.maxAge) = (try section.span("minAge"), try section.span("maxAge"))
        if let least = filter.minSize, let most = filter.maxSize, least > most {
            throw section.refused("minSize", "is larger than maxSize: nothing would match")
        }
        if let least = filter.minAge, let most = filter.maxAge, least > most {
            throw section.refused("minAge", "is longer than maxAge: nothing would match")
        }
        return filter
    }

    private func globs(_ section: YAMLSection, _ key: String) throws(CommandFailure) -> [String] {
        var globs: [String] = []
        for (text, node) in try section.texts(key) {
            var alone = ObjectFilter()
            alone.include = [text]
            do {
                try alone.validate()
            } catch {
                throw section.refused(key, "cannot be read: \(error.message)", at: node)
            }
            globs.append(text)
        }
        return globs
    }
}
