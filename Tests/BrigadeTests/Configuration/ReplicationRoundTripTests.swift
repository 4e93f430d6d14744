import S3
import TestSupport
import Testing

@testable import brigade

/// A rule that is written down, in any of YAML's ways, is the rule that is read.
struct ReplicationRoundTripTests {
    private static func rule(_ number: Int, _ random: inout SeededRandom) -> ConfiguredReplication {
        func maybe<Value>(_ value: Value) -> Value? { Bool.random(using: &random) ? value : nil }
        var rule = ConfiguredReplication(
            name: "r\(number)._-",
            from: .init(connection: "m", bucket: "from\(number)", prefix: "ä b/"),
            to: (0...Int.random(in: 0...3, using: &random)).map {
                .init(
                    connection: maybe("o-\($0)"), bucket: "to\(number).\($0)",
                    prefix: ObjectKey("x: #\($0)"))
            }, reconcile: .init(text: "", origin: ""), origin: "")
        rule.filter.prefix = maybe("a\"'\\/é") ?? ""
        rule.filter.include = maybe(["*.jpg", "{a,b}/**"]) ?? []
        rule.filter.exclude = maybe(["[!a-z]*"]) ?? []
        rule.filter.minSize = maybe(Int64.random(in: 0...1000, using: &random))
        rule.filter.maxSize = maybe(Int64.random(in: 1000...(.max), using: &random))
        rule.filter.minAge = maybe(Duration.seconds(Int64.random(in: 0...1000, using: &random)))
        rule.filter.maxAge = maybe(
            Duration.seconds(Int64.random(in: 1000...1_000_000, using: &random)))
        rule.deletes = ConfiguredReplication.Deletes.allCases.randomElement(using: &random)!
        if rule.deletes == .quarantine {
            rule.quarantineDays = Int.random(in: 1...3650, using: &random)
        }
        rule.maxDelete = Int.random(in: 0...(.max), using: &random)
        rule.storageClass = maybe("GLACIER_IR")
        rule.reconcile.text = maybe("cron(0/5 8-17 ? * MON-FRI *)") ?? "rate(24 hours)"
        rule.timeZone = maybe("America/Argentina/Buenos_Aires")
        rule.lagTarget = .seconds(Int64.random(in: 1...1_000_000, using: &random))
        rule.concurrency = Int.random(in: 1...1024, using: &random)
        rule.backfill = Bool.random(using: &random)
        return rule
    }

    /// Every key, in any order, on one line or on several.
    private static func yaml(
        _ rule: ConfiguredReplication, _ random: inout SeededRandom
    ) -> String {
        func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }
        func list(_ texts: [String]) -> String {
            texts.count == 1 && Bool.random(using: &random)
                ? quoted(texts[0]) : "[" + texts.map(quoted).joined(separator: ", ") + "]"
        }
        func flow(_ pairs: [(String, String)]) -> String {
            "{ " + pairs.map { "\($0): \($1)" }.joined(separator: ", ") + " }"
        }
        func place(_ place: S3Location) -> String {
            "s3://" + (place.connection.map { $0 + "@" } ?? "") + place.bucket + "/"
                + (place.prefix.string ?? "")
        }
        func seconds(_ span: Duration) -> String { "\(span.components.seconds)s" }
        var filter = [("prefix", quoted(rule.filter.prefix.string ?? ""))]
        filter.append(("include", list(rule.filter.include)))
        filter.append(("exclude", list(rule.filter.exclude)))
        filter += rule.filter.minSize.map { [("minSize", "\($0)")] } ?? []
        filter += rule.filter.maxSize.map { [("maxSize", "\($0)")] } ?? []
        filter += rule.filter.minAge.map { [("minAge", seconds($0))] } ?? []
        filter += rule.filter.maxAge.map { [("maxAge", seconds($0))] } ?? []
        var pairs = [
            ("name", rule.name), ("from", quoted(place(rule.from))),
            ("to", list(rule.to.map(place))),
            ("filter", flow(filter.shuffled(using: &random))), ("deletes", rule.deletes.rawValue),
            ("maxDelete", "\(rule.maxDelete)"), ("reconcile", quoted(rule.reconcile.text)),
            ("lagTarget", seconds(rule.lagTarget)), ("concurrency", "\(rule.concurrency)"),
            ("backfill", "\(rule.backfill)"),
        ]
        if rule.deletes == .quarantine {
            pairs.append(("quarantine", "{ days: \(rule.quarantineDays) }"))
        }
        pairs += rule.storageClass.map { [("storageClass", $0)] } ?? []
        pairs += rule.timeZone.map { [("timeZone", $0)] } ?? []
        pairs.shuffle(using: &random)
        if Bool.random(using: &random) { return "- " + flow(pairs) + "\n" }
        return "- " + pairs.map { "\($0): \($1)\n" }.joined(separator: "  # and\n  ")
    }

    @Test func whatIsWrittenIsRead() throws {
        for seed in UInt64(1)...200 {
            var random = SeededRandom(seed: seed)
            let rules = (0..<Int.random(in: 1...4, using: &random)).map { Self.rule($0, &random) }
            let yaml = "replications:\n" + rules.map { Self.yaml($0, &random) }.joined()
            var read = try ConfigurationFile(yaml: yaml, path: "brigade.yaml").replications
            for index in read.indices {
                #expect(read[index].origin.hasPrefix("brigade.yaml line "))
                (read[index].origin, read[index].reconcile.origin) = ("", "")
            }
            #expect(read == rules, "seed \(seed)\n\(yaml)")
        }
    }
}
