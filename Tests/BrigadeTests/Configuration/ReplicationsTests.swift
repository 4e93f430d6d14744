import S3
import Testing

@testable import brigade

struct ReplicationsTests {
    private func read(_ yaml: String) throws(CommandFailure) -> [ConfiguredReplication] {
        try ConfigurationFile(yaml: yaml, path: "brigade.yaml").replications
    }

    private func message(_ yaml: String) throws -> String {
        let failure = try #require(throws: CommandFailure.self) { try read(yaml) }
        #expect(failure.status == .usage)
        #expect(!failure.message.contains("\n"))
        return failure.message
    }

    @Test func readsTheLeastThatARuleNeeds() throws {
        let rules = try read(
            """
            replications:
              - name: photos
                from: s3://minio@photos/2026/
                to: s3://offsite@photos-copy
              - { name: b.2_-, from: s3://one, to: [s3://x@two, s3://y@two/p], deletes: quarantine,
                  reconcile: cron(0 2 * * ? *) }
            """)
        #expect(
            rules == [
                ConfiguredReplication(
                    name: "photos",
                    from: .init(connection: "minio", bucket: "photos", prefix: "2026/"),
                    to: [.init(connection: "offsite", bucket: "photos-copy")],
                    reconcile: .init(text: "rate(24 hours)", origin: "brigade.yaml line 2"),
                    origin: "brigade.yaml line 2"),
                ConfiguredReplication(
                    name: "b.2_-", from: .init(bucket: "one"),
                    to: [
                        .init(connection: "x", bucket: "two"),
                        .init(connection: "y", bucket: "two", prefix: "p"),
                    ],
                    deletes: .quarantine,
                    reconcile: .init(text: "cron(0 2 * * ? *)", origin: "brigade.yaml line 6"),
                    origin: "brigade.yaml line 5"),
            ])
        #expect(rules.map(\.reconcile.isNever) == [false, false])
    }

    /// As the contract of the file has it, with sections that others read.
    @Test func readsWhatWasAgreed() throws {
        let file = try ConfigurationFile(
            yaml: """
                listen: 127.0.0.1:9010
                replications:
                  - name: photos
                    from: s3://minio@photos
                    to: [ "s3://offsite@photos-copy" ]
                    filter: { prefix: "", exclude: ["*.tmp"] }
                    deletes: propagate            # keep | propagate | quarantine
                    reconcile: rate(6 hours)
                backups:
                  - name: nightly
                    from: s3://minio@photos
                    vault: s3://offsite@vault/photos
                    schedule: cron(0 2 * * ? *)
                    keep: { daily: 7, weekly: 4, monthly: 12 }
                billing: { rates: notes, budget: { month: 5.00 } }
                """, path: "brigade.yaml")
        let rule = try #require(file.replications.first)
        #expect(rule.deletes == .propagate)
        #expect(rule.filter.prefix.isEmpty)
        #expect(rule.filter.exclude == ["*.tmp"])
        #expect(rule.reconcile == .init(text: "rate(6 hours)", origin: "brigade.yaml line 8"))
    }

    @Test(arguments: ["replications: []", "replications:\n  []\n", "connections: {}"])
    func mayBeNone(_ yaml: String) throws {
        #expect(try read(yaml) == [])
    }

    struct Row: Sendable, CustomTestStringConvertible {
        /// Lines of a rule after its name, from and to, which are on lines 2 to 4: these begin on line 5.
        var lines: String
        var message: String
        var testDescription: String { lines }

        init(_ lines: String, _ message: String) {
            (self.lines, self.message) = (lines, message)
        }
    }

    private static func rule(_ lines: String) -> String {
        "replications:\n  - name: photos\n    from: s3://m@photos\n    to: s3://o@copy\n"
            + lines.split(separator: "\n").map { "    \($0)\n" }.joined()
    }

    @Test(arguments: [
        Row("filter: { prefix: a/ }", ""), Row("filter: {}", ""), Row("maxDelete: 0", ""),
        Row("deletes: quarantine\nquarantine: {}", ""), Row("reconcile: never", ""),
        Row("timeZone: Etc/GMT+5", ""), Row("timeZone: UTC", ""), Row("lagTarget: 1s", ""),
        Row("concurrency: 1024", ""), Row("backfill: false", ""), Row("storageClass: cold-2", ""),
        Row("filter: { include: [], exclude: \"*\" }", ""), Row("\"backfill\": \"true\"", ""),
        Row("filter: { minSize: 4K, maxSize: 4096 }", ""),
        Row("maxDelete: 9223372036854775807", ""),
    ])
    func takes(_ row: Row) throws {
        #expect(try read(Self.rule(row.lines)).count == 1)
    }

    @Test(arguments: [
        Row(
            "fliter: {}",
            "there is no key of replication photos \"fliter\"; did you mean \"filter\"?"),
        Row(
            "zzzzzzzz: 1",
            "there is no key of replication photos \"zzzzzzzz\"; known are name, from, to, filter,"
                + " deletes, quarantine, maxDelete, storageClass, reconcile, timeZone, lagTarget,"
                + " concurrency, backfill"),
        Row(
            "maxdelete: 1",
            "there is no key of replication photos \"maxdelete\"; did you mean \"maxDelete\"?"),
        Row(
            "versions: all",
            "there is no key of replication photos \"versions\": a rule copies the latest version; to"
                + " keep older ones, turn on the destination's versioning"),
        Row(
            "conflict: newest",
            "there is no key of replication photos \"conflict\": a rule copies one way, and its source"
                + " always wins"),
        Row(
            "bandwidth: 10M",
            "there is no key of replication photos \"bandwidth\": bound what a rule does at once with"
                + " concurrency"),
        Row(
            "budget: 5",
            "there is no key of replication photos \"budget\": a budget is for all rules together:"
                + " billing: { budget: { month: 5.00 } }"),
        Row(
            "schedule: rate(1 hour)",
            "there is no key of replication photos \"schedule\": write reconcile: rate(6 hours),"
                + " cron(0 2 * * ? *) or never"),
        Row(
            "exclude: \"*.tmp\"",
            "there is no key of replication photos \"exclude\": it belongs under filter, as in filter:"
                + " { exclude: \"*.tmp\" }"),
        Row(
            "secretKey: hidden",
            "there is no key of replication photos \"secretKey\": keys belong to a connection, by"
                + " reference: credentials: { environment: NAME }"),
        Row(
            "deletes: propagat",
            "replication photos: deletes must be keep, propagate or quarantine, not \"propagat\"; did you mean \"propagate\"?"
        ),
        Row(
            "deletes: true",
            "replication photos: deletes must be keep, propagate or quarantine, not \"true\""),
        Row("deletes: [keep]", "replication photos: deletes must be keep, propagate or quarantine"),
        Row(
            "quarantine: { days: 30 }",
            "replication photos: quarantine is for deletes: quarantine only; this rule has deletes: keep"
        ),
        Row(
            "quarantine: { days: 0 }\ndeletes: quarantine",
            "replication photos: quarantine.days must be a whole number from 1 to 3650, not \"0\""),
        Row(
            "quarantine: { day: 1 }\ndeletes: quarantine",
            "replication photos: there is no key of quarantine \"day\"; did you mean \"days\"?"),
        Row(
            "quarantine: 30", "replication photos: quarantine must be a mapping of names to values"),
        Row(
            "maxDelete: -1",
            "replication photos: maxDelete must be a whole number from 0, not \"-1\""),
        Row(
            "maxDelete: 1,000",
            "replication photos: maxDelete must be a whole number from 0, not \"1,000\""),
        Row(
            "maxDelete: 9223372036854775808",
            "replication photos: maxDelete must be a whole number from 0, not \"9223372036854775808\""
        ),
        Row("maxDelete:", "replication photos: maxDelete must be a whole number from 0"),
        Row(
            "concurrency: 0",
            "replication photos: concurrency must be a whole number from 1 to 1024, not \"0\""),
        Row(
            "concurrency: 1e2",
            "replication photos: concurrency must be a whole number from 1 to 1024, not \"1e2\""),
        Row("backfill: yes", "replication photos: backfill must be true or false, not \"yes\""),
        Row(
            "storageClass: \"a b\"",
            "replication photos: storageClass must be a name as in STANDARD_IA, not \"a b\""),
        Row(
            "storageClass: \"A\\r\\nx-amz-acl: public-read\"",
            "replication photos: storageClass must be a name as in STANDARD_IA, not \"A  x-amz-acl: public-read\""
        ),
        Row("storageClass: {}", "replication photos: storageClass must be a text"),
        Row("reconcile: { rate: 1 }", "replication photos: reconcile must be a text"),
        Row(
            "timeZone: ../etc/passwd",
            "replication photos: timeZone must be a name as in Europe/Berlin or UTC, not \"../etc/passwd\""
        ),
        Row(
            "timeZone: /Berlin",
            "replication photos: timeZone must be a name as in Europe/Berlin or UTC, not \"/Berlin\""
        ),
        Row(
            "lagTarget: 15",
            "replication photos: lagTarget must be a time, as in 30s, 15m, 24h or 7d, at most 36500d, not \"15\""
        ),
        Row("lagTarget: 0s", "replication photos: lagTarget must be 1s or more"),
        Row(
            "lagTarget: 36501d",
            "replication photos: lagTarget must be a time, as in 30s, 15m, 24h or 7d, at most 36500d, not \"36501d\""
        ),
        Row("filter: \"*.jpg\"", "replication photos: filter must be a mapping of names to values"),
        Row(
            "filter: { prefx: a }",
            "replication photos: there is no key of filter \"prefx\"; did you mean \"prefix\"?"),
        Row(
            "filter: { tags: { a: b } }",
            "replication photos: there is no key of filter \"tags\": objects are chosen by name, size and age; a listing shows no tags"
        ),
        Row(
            "filter: { suffix: .jpg }",
            "replication photos: there is no key of filter \"suffix\": write include: \"*.jpg\""),
        Row("filter: { prefix: [a] }", "replication photos: filter.prefix must be a text"),
        Row(
            "filter: { include: { a: b } }",
            "replication photos: filter.include must be a text or a list of texts"),
        Row(
            "filter: { include: [\"\"] }",
            "replication photos: filter.include must be a text or a list of texts"),
        Row(
            "filter: { minSize: big }",
            "replication photos: filter.minSize must be a size, as in 64K or 1G, not \"big\""),
        Row(
            "filter: { minSize: 2K, maxSize: 1K }",
            "replication photos: filter.minSize is larger than maxSize: nothing would match"),
        Row(
            "filter: { minAge: 2d, maxAge: 1d }",
            "replication photos: filter.minAge is longer than maxAge: nothing would match"),
    ])
    func refuses(_ row: Row) throws {
        #expect(try message(Self.rule(row.lines)) == "brigade.yaml line 5: " + row.message)
    }

    @Test func anErrorIsAtTheLineOfItsItem() throws {
        let text = try message(Self.rule("filter:\n  exclude:\n    - \"*.tmp\"\n    - \"[z\""))
        #expect(
            text.hasPrefix(
                "brigade.yaml line 8: replication photos: filter.exclude cannot be read: "),
            "\(text)")
        let text2 = try message(
            "replications:\n  - name: a\n    from: s3://b-b\n    to:\n      - s3://c-c\n      - s3:/d-d\n"
        )
        #expect(
            text2.hasPrefix("brigade.yaml line 6: replication a: to is no location: a location is"))
    }

    @Test(arguments: [
        (
            "replications: 7",
            "1: replications must be a list: each rule begins with \"- name: …\", and [] is none"
        ),
        (
            "replications: { name: a }",
            "1: replications must be a list: each rule begins with \"- name: …\", and [] is none"
        ),
        (
            "replications:",
            "1: replications must be a list: each rule begins with \"- name: …\", and [] is none"
        ),
        (
            "replication: []",
            "1: there is no section \"replication\"; did you mean \"replications\"?"
        ),
        ("replications: [a]", "1: replication 1 must be a mapping of names to values"),
        ("replications:\n- from: s3://a-a", "2: replication 1 has no name; add name: photos"),
        (
            "replications:\n- { name: a b }",
            "2: replication 1: name must be 1 to 64 letters, digits, \"_\", \".\" or \"-\", and begin with a letter or a digit, not \"a b\""
        ),
        (
            "replications:\n- { name: -a }",
            "2: replication 1: name must be 1 to 64 letters, digits, \"_\", \".\" or \"-\", and begin with a letter or a digit, not \"-a\""
        ),
        (
            "replications:\n- name: é",
            "2: replication 1: name must be 1 to 64 letters, digits, \"_\", \".\" or \"-\", and begin with a letter or a digit, not \"é\""
        ),
        (
            "replications:\n- name: a",
            "2: replication a: from is missing; add from: s3://CONNECTION@bucket/prefix"
        ),
        (
            "replications:\n- name: a\n  from: s3://a-a",
            "2: replication a: to is missing; add to: s3://CONNECTION@bucket/prefix"
        ),
        (
            "replications:\n- name: a\n  from: s3://a-a\n  to: []",
            "4: replication a: to must name 1 to 16 places, not 0"
        ),
        (
            "replications:\n- name: a\n  from: s3://a-a\n  to: [s3://b-b, s3://b-b]",
            "4: replication a: to names s3://b-b twice"
        ),
        ("replications:\n- name: a\n  name: b", "2: \"name\" stands twice in one mapping"),
        (
            "replications:\n- { name: a, from: s3://a-a, to: s3://b-b }\n- { name: a, from: s3://a-a, to: s3://c-c }",
            "3: replication a: the rule of brigade.yaml line 2 has this name already"
        ),
        (
            "replications:\n- &a { name: a, from: s3://a-a, to: s3://b-b }\n- { <<: *a, name: b }",
            "3: there is no key of replication b \"<<\": merge keys are not read; write out what is shared"
        ),
    ])
    func refusesWhatIsNoRule(_ yaml: String, _ message: String) throws {
        #expect(try self.message(yaml) == "brigade.yaml line " + message)
    }

    @Test func boundsRulesAndDestinations() throws {
        func list(_ count: Int) -> String {
            (0..<count).map { "s3://b\($0)b" }.joined(separator: ", ")
        }
        let rule = "replications:\n- { name: a, from: s3://aaa, to: ["
        #expect(try read(rule + list(16) + "] }").first?.to.count == 16)
        #expect(
            try message(rule + list(17) + "] }").hasSuffix("to must name 1 to 16 places, not 17"))
        func rules(_ count: Int) -> String {
            "replications:\n"
                + (0..<count).map { "- { name: r\($0), from: s3://a\($0)a, to: s3://b\($0)b }\n" }
                .joined()
        }
        #expect(try read(rules(1000)).count == 1000)
        #expect(
            try message(rules(1001)) == "brigade.yaml line 2: there are more than 1000 replications"
        )
    }
}
