extension FunctionRegistry {
    /// A page of a list, and where the next one begins.
    struct Page<Item: Sendable>: Sendable {
        var items: [Item]
        var next: String?
    }

    /// - Parameters:
    ///   - marker: the position that a page before gave.
    ///   - maximum: 1 to `limit`; a page has 50 at most, as on Lambda.
    static func page<Item: Sendable>(
        _ items: [Item], marker: String?, maximum: Int?, limit: Int = 10_000
    ) throws(LambdaServiceError) -> Page<Item> {
        try FunctionRules.check(maximum: maximum, limit: limit)
        let start = marker.flatMap { $0.isEmpty ? nil : Int($0) } ?? 0
        guard start >= 0, start <= items.count, marker == nil || marker == "" || Int(marker!) != nil
        else { throw LambdaServiceError(.invalidParameterValue, "Invalid marker") }
        let count = min(50, maximum ?? 50)
        let rest = items[start...]
        return Page(
            items: Array(rest.prefix(count)),
            next: rest.count > count ? String(start + count) : nil)
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
