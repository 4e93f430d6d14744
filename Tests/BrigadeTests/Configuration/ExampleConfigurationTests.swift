import Foundation
import Runtime
import Testing
import Yams

@testable import brigade

/// The commented example is what people begin with: it is loaded, and says what is so.
struct ExampleConfigurationTests {
    private static let path = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Sources/brigade/Configuration/brigade.example.yaml").path

    private static func load() throws -> ConfigurationFile {
        try #require(try ConfigurationFile.load(path))
    }

    @Test func parsesToWhatItSays() throws {
        let file = try Self.load()
        #expect(file.listen == ListenAddress(host: "127.0.0.1", port: 9010))
        #expect(file.connections.map(\.name) == ["minio", "offsite", "nearby"])
        #expect(
            file.connections.map(\.credentials) == [
                .environment("MINIO"), .file(path: "/etc/brigade/credentials", profile: "backup"),
                .environment("NEARBY"),
            ])
        #expect(file.alerts?.webhook == "https://alerts.example.net/brigade")
        #expect(file.alerts?.token == .environment("BRIGADE_ALERT_TOKEN"))
        #expect(file.rates == "notes")
        #expect(
            file.budget == BudgetAmounts(run: Money(decimal: "0.50"), month: Money(decimal: "5")))
        #expect(file.region == "us-east-1")
        #expect(file.account == "000000000000")
        try ConnectionBook(environment: [:], file: file).check(file.replications)
    }

    @Test func theDefaultsWrittenOutAreTheDefaults() throws {
        let rules = try Self.load().replications
        try #require(rules.map(\.name) == ["invoices", "photos", "logs"])
        let (least, written) = (rules[0], rules[1])
        #expect(least.from == .init(connection: "minio", bucket: "invoices"))
        #expect(least.to == [.init(connection: "offsite", bucket: "invoices-copy")])
        #expect(least.deletes == .keep)
        #expect(least.maxDelete == 1000)
        #expect(least.reconcile.text == "rate(24 hours)")
        #expect(least.lagTarget == .seconds(900))
        #expect(least.concurrency == 32)
        #expect(least.backfill)
        var renamed = least
        (renamed.name, renamed.from, renamed.to) = (written.name, written.from, written.to)
        (renamed.origin, renamed.reconcile.origin) = (written.origin, written.reconcile.origin)
        #expect(renamed == written)
        // Nothing is left out of it but what only the third rule has.
        let text = try String(contentsOfFile: Self.path, encoding: .utf8)
        for value in [
            "Default: \(ConfiguredReplication.defaultReconcile)",
            "Default: \(ConfiguredReplication.defaultQuarantineDays)\n",
            "1 to \(ConfiguredReplication.destinationsMaximum)\n",
        ] {
            #expect(text.contains(value), "\(value)")
        }
    }

    @Test func everyOtherKeyArrives() throws {
        let rule = try #require(try Self.load().replications.last)
        var filter = ConfiguredFilter()
        filter.prefix = "2026/"
        filter.include = ["*.gz"]
        filter.exclude = ["*.tmp", "scratch/**"]
        (filter.minSize, filter.maxSize) = (1, 5 << 30)
        (filter.minAge, filter.maxAge) = (.seconds(30), .seconds(90 * 86_400))
        #expect(
            rule
                == ConfiguredReplication(
                    name: "logs", from: .init(connection: "minio", bucket: "logs", prefix: "app/"),
                    to: [
                        .init(connection: "offsite", bucket: "archive", prefix: "logs/"),
                        .init(connection: "nearby", bucket: "logs-copy"),
                    ], filter: filter, deletes: .quarantine, quarantineDays: 30,
                    storageClass: "STANDARD_IA",
                    reconcile: .init(text: "cron(0 2 * * ? *)", origin: rule.reconcile.origin),
                    timeZone: "Europe/Berlin", origin: rule.origin))
        #expect(rule.origin.contains(".yaml line "))
        let objects = filter.objects
        #expect(objects.include == filter.include)
        #expect(objects.exclude == filter.exclude)
        #expect((objects.minSize, objects.maxSize) == (filter.minSize, filter.maxSize))
        #expect((objects.minAge, objects.maxAge) == (filter.minAge, filter.maxAge))
    }

    /// Every key that is read stands in it: what it documents is what there is. That nothing else stands in it is held
    /// by its being read.
    @Test func holdsEveryKnownKey() throws {
        let text = try String(contentsOfFile: Self.path, encoding: .utf8)
        let root = try #require(try Yams.compose(yaml: text))
        var found: [String: Set<String>] = [:]
        func walk(_ node: Node, _ place: String) {
            for item in node.sequence.map({ Array($0) }) ?? [] { walk(item, place) }
            for (key, value) in node.mapping.map({ Array($0) }) ?? [] {
                guard let name = key.string else { continue }
                found[place, default: []].insert(name)
                // Connections have names of their own.
                walk(value, place == "connections" ? "connection" : name)
            }
        }
        walk(root, "")
        // One of two that exclude each other.
        found["token"]?.insert("file")
        let known = [
            ("", ConfigurationKeys.sections), ("connection", ConfigurationKeys.connection),
            ("credentials", ConfigurationKeys.credentials), ("billing", ConfigurationKeys.billing),
            ("budget", ConfigurationKeys.budget), ("runtime", ConfigurationKeys.runtime),
            ("alerts", ConfigurationKeys.alerts), ("token", ConfigurationKeys.token),
            ("replications", ConfigurationKeys.replication),
            ("filter", ConfigurationKeys.filter), ("quarantine", ConfigurationKeys.quarantine),
        ]
        for (place, keys) in known { #expect(found[place] == Set(keys), "\(place)") }
        #expect(text.contains("# or file: /etc/brigade/alert-token"))
    }
}
