import Signing

extension FunctionRegistry {
    /// A page of a list, and where the next one begins.
    struct Page<Item: Sendable>: Sendable {
        var items: [Item]
        var next: String?
    }

    /// - Parameters:
    ///   - items: in the order of their keys.
    ///   - marker: that a page before gave. It names that page's last item, not its place: who deletes what a page has shown
    ///     finds the rest on the next.
    ///   - maximum: 1 to `limit`; a page has 50 at most, as on Lambda.
    static func page<Item: Sendable>(
        _ items: [Item], marker: String?, maximum: Int?, limit: Int = 10_000,
        key: (Item) -> String
    ) throws(LambdaServiceError) -> Page<Item> {
        try FunctionRules.check(maximum: maximum, limit: limit)
        var rest = items[...]
        if let marker, !marker.isEmpty {
            guard let bytes = Base64.decode(marker),
                let last = String(validating: bytes, as: UTF8.self)
            else { throw LambdaServiceError(.invalidParameterValue, "Invalid marker") }
            rest = items.drop { key($0) <= last }
        }
        let page = rest.prefix(min(50, maximum ?? 50))
        let next =
            page.count < rest.count ? page.last.map { Base64.encode(Array(key($0).utf8)) } : nil
        return Page(items: Array(page), next: next)
    }

    /// The order of functions and their versions: by name, then `$LATEST`, then by number.
    static func key(_ item: FunctionDocuments.Configuration) -> String {
        let number = Int(item.Version) == nil ? "" : item.Version
        return "\(item.FunctionName) "
            + String(repeating: "0", count: max(0, 20 - number.utf8.count))
            + number
    }

    /// All functions by name; with all of their versions where asked for.
    func list(allVersions: Bool) -> [FunctionDocuments.Configuration] {
        let records = state.withLock { $0.functions.values.sorted { $0.name < $1.name } }
        return records.flatMap { record in
            let arn = arn(record.name)
            guard allVersions else {
                return [Self.document(record.latest, record.name, arn, inList: true)]
            }
            return ([record.latest] + record.versions).map {
                Self.document($0, record.name, arn, qualified: true, inList: true)
            }
        }
    }

    /// `$LATEST` first.
    func versions(
        _ name: String
    ) throws(LambdaServiceError) -> [FunctionDocuments.Configuration] {
        let record = try record(name)
        let arn = arn(name)
        return ([record.latest] + record.versions).map {
            Self.document($0, name, arn, qualified: true, inList: true)
        }
    }

    /// The configuration of a function, a version, or what an alias points to.
    func configuration(
        _ name: String, qualifier: String?
    ) throws(LambdaServiceError) -> FunctionDocuments.Configuration {
        let record = try record(name, qualifier)
        let version = qualifier.map { record.aliases[$0]?.version ?? $0 } ?? "$LATEST"
        guard let snapshot = record.snapshot(version) else { throw notFound(name, qualifier) }
        var document = Self.document(snapshot, name, arn(name))
        if let qualifier { document.FunctionArn += ":\(qualifier)" }
        return document
    }
}
