import Testing

@testable import brigade

/// What would copy without end, or delete what another rule copies.
struct ReplicationPlacesTests {
    private static func yaml(_ rules: [(from: String, to: [String], deletes: String)]) -> String {
        "replications:\n"
            + rules.enumerated().map { index, rule in
                "- { name: r\(index + 1), from: \(rule.from), to: [\(rule.to.joined(separator: ", "))],"
                    + " deletes: \(rule.deletes) }\n"
            }.joined()
    }

    private func problem(
        _ rules: (from: String, to: [String], deletes: String)...
    ) throws -> String? {
        do {
            _ = try ConfigurationFile(yaml: Self.yaml(rules), path: "brigade.yaml")
            return nil
        } catch {
            return error.message
        }
    }

    private static let again =
        ": what is copied would be copied again; name another bucket, or folders of which neither"
        + " lies within the other, as in a/ and b/"

    @Test(
        arguments: [
            ("s3://m@bbb", "s3://m@bbb", "to s3://m@bbb is the same place as from"),
            ("s3://m@bbb/x", "s3://m@bbb/x", "to s3://m@bbb/x is the same place as from"),
            (
                "s3://m@bbb", "s3://m@bbb/copy/",
                "to s3://m@bbb/copy/ lies within from s3://m@bbb" + again
            ),
            ("s3://m@bbb/x", "s3://m@bbb/x/", "to s3://m@bbb/x/ is the same place as from"),
            (
                "s3://m@bbb/a", "s3://m@bbb/a/b",
                "to s3://m@bbb/a/b lies within from s3://m@bbb/a" + again
            ),
            // A location is a folder, with its slash or without.
            ("s3://m@bbb/a", "s3://m@bbb/ab/", nil), ("s3://m@bbb/a-copy", "s3://m@bbb/a", nil),
            ("s3://bbb/a/", "s3://bbb", "from s3://bbb/a/ lies within to s3://bbb" + again),
            ("s3://m@bbb/a/", "s3://m@bbb/b/", nil), ("s3://m@bbb", "s3://o@bbb", nil),
            ("s3://m@bbb", "s3://m@ccc", nil), ("s3://m@bbb/a/", "s3://m@bbb/A/", nil),
        ] as [(String, String, String?)])
    func neverCopiesWithoutEnd(_ from: String, _ to: String, _ expected: String?) throws {
        #expect(
            try problem((from, [to], "keep"))
                == expected.map { "brigade.yaml line 2: replication r1: " + $0 })
        // The same among others.
        #expect((try problem((from, ["s3://z@zzz", to], "keep")) == nil) == (expected == nil))
    }

    @Test func destinationsOfOneRuleDoNotClearEachOther() throws {
        let to = ["s3://o@ccc", "s3://o@ccc/sub/"]
        #expect(try problem(("s3://m@bbb", to, "keep")) == nil)
        #expect(
            try problem(("s3://m@bbb", to, "propagate"))
                == "brigade.yaml line 2: replication r1: to s3://o@ccc and s3://o@ccc/sub/ overlap, and"
                + " deletes: propagate would clear one for the other")
    }

    @Test func oneFolderHasTwoSpellings() throws {
        #expect(
            try problem(("s3://m@bbb", ["s3://o@ccc/x", "s3://o@ccc/x/"], "keep"))
                == "brigade.yaml line 2: replication r1: to names one place twice, s3://o@ccc/x and"
                + " s3://o@ccc/x/")
        #expect(try problem(("s3://m@bbb", ["s3://o@ccc/x", "s3://o@ccc/x2"], "propagate")) == nil)
    }

    @Test func rulesDoNotTakeAwayWhatOthersCopy() throws {
        let one = (from: "s3://m@aaa", to: ["s3://o@ccc/a/"], deletes: "keep")
        #expect(try problem(one, ("s3://m@bbb", ["s3://o@ccc"], "keep")) == nil)
        #expect(try problem(one, ("s3://m@bbb", ["s3://o@ccc/b/"], "propagate")) == nil)
        #expect(
            try problem(one, ("s3://m@bbb", ["s3://o@ccc"], "propagate"))
                == "brigade.yaml line 3: replication r2: to s3://o@ccc overlaps with s3://o@ccc/a/ of"
                + " replication r1 (brigade.yaml line 2), and r2 has deletes: propagate, which would"
                + " take away what r1 copies or sets aside; give each a folder of its own, as in a/ and"
                + " b/")
        let text = try problem(
            ("s3://m@aaa", ["s3://o@ccc/"], "quarantine"), ("s3://m@bbb", ["s3://o@ccc"], "keep"))
        #expect(
            text?.contains("and r1 has deletes: quarantine, which would take away what r2") == true)
    }

    @Test func filtersMayShareADestinationAmongRules() throws {
        func yaml(_ first: String, _ second: String, from: String = "s3://m@aaa") -> String {
            "replications:\n- { name: r1, from: s3://m@aaa, to: s3://o@ccc, deletes: propagate,"
                + " filter: { \(first) } }\n- { name: r2, from: \(from), to: s3://o@ccc,"
                + " filter: { \(second) } }\n"
        }
        func isRead(_ yaml: String) -> Bool {
            do {
                _ = try ConfigurationFile(yaml: yaml, path: "brigade.yaml")
                return true
            } catch { return false }
        }
        #expect(isRead(yaml("prefix: a/", "prefix: b/", from: "s3://m@bbb")))
        #expect(!isRead(yaml("prefix: a/", "prefix: a/b/", from: "s3://m@bbb")))
        // One source, and so one truth, but for what one of them sets aside.
        let mixed = [("propagate", "quarantine", "r1"), ("quarantine", "propagate", "r2")]
        for (first, second, deleter) in mixed {
            let text = try problem(
                ("s3://m@aaa", ["s3://o@ccc"], first), ("s3://m@aaa", ["s3://o@ccc"], second))
            #expect(text?.contains("and \(deleter) has deletes: propagate, which") == true)
        }
        for deletes in ["keep", "propagate", "quarantine"] {
            let pair = (from: "s3://m@aaa", to: ["s3://o@ccc"], deletes: deletes)
            #expect(try problem(pair, pair) == nil)
            #expect(try problem(pair, (pair.from, pair.to, "keep")) == nil)
        }
        #expect(isRead(yaml("include: \"*.jpg\"", "include: \"*.mp4\"")))
        #expect(!isRead(yaml("include: \"*.jpg\"", "include: \"*.mp4\"", from: "s3://m@aaa/x/")))
    }

    @Test func rulesDoNotCopyInACircle() throws {
        #expect(
            try problem(
                ("s3://m@aaa", ["s3://o@bbb"], "keep"), ("s3://o@bbb", ["s3://m@aaa"], "keep"))
                == "brigade.yaml line 2: replication r1: what it copies comes back to its source by"
                + " replication r2 (brigade.yaml line 3); rules copy one way, from a source that they do"
                + " not write to")
        let chain = [
            (from: "s3://m@aaa", to: ["s3://o@bbb"], deletes: "keep"),
            (from: "s3://o@bbb", to: ["s3://m@ccc", "s3://m@ddd"], deletes: "keep"),
            (from: "s3://m@ccc", to: ["s3://m@eee"], deletes: "keep"),
        ]
        #expect(try problem(chain[0], chain[1], chain[2]) == nil)
        #expect(try problem(chain[2], chain[0], chain[1]) == nil)
        let back = (from: "s3://m@eee", to: ["s3://o@bbb/x/"], deletes: "keep")
        #expect(
            try problem(chain[0], chain[1], chain[2], back)?.hasPrefix(
                "brigade.yaml line 3: replication r2: what it copies comes back to its source by"
                    + " replication r4 (brigade.yaml line 5)") == true)
    }
}

/// What needs the connections: that they are known, and that two names may be one store.
struct ReplicationConnectionsTests {
    private func check(
        _ yaml: String, _ environment: [String: String] = [:]
    ) throws -> CommandFailure? {
        let file = try ConfigurationFile(yaml: yaml, path: "brigade.yaml")
        do {
            try ConnectionBook(environment: environment, file: file).check(file.replications)
            return nil
        } catch {
            return error
        }
    }

    private static func yaml(_ one: String, _ two: String, from: String, to: String) -> String {
        "connections: { one: { endpoint: \"\(one)\" }, off-site: { endpoint: \"\(two)\" } }\n"
            + "replications: [{ name: a, from: \(from), to: \(to) }]\n"
    }

    @Test func knowsTheFilesAndTheEnvironments() throws {
        let yaml = Self.yaml("http://h", "http://i", from: "s3://one@bbb", to: "s3://off-site@ccc")
        #expect(try check(yaml) == nil)
        let other = Self.yaml("http://h", "http://i", from: "s3://bbb", to: "s3://elsewhere@ccc")
        #expect(try check(other, ["BRIGADE_CONNECTION_ELSEWHERE": "http://A:hidden@x"]) == nil)
        let failure = try #require(try check(other))
        #expect(failure.status == .usage)
        #expect(
            failure.message
                == "brigade.yaml line 2: replication a: there is no connection \"elsewhere\"")
        #expect(failure.rendered.contains("Known: off-site, one."))
        #expect(failure.rendered.contains("BRIGADE_CONNECTION_ELSEWHERE="))
        let near = try check(
            Self.yaml("http://h", "http://i", from: "s3://onne@bbb", to: "s3://ccc"))
        #expect(
            near?.message
                == "brigade.yaml line 2: replication a: there is no connection \"onne\"; did you mean"
                + " \"one\"?")
    }

    @Test(
        arguments: [
            ("http://h:9000", "http://H:9000/", [:], true),
            ("https://h", "https://h:443", [:], true), ("http://h:80", "http://h", [:], true),
            ("http://h:9000", "http://h:9001", [:], false), ("http://h", "http://i", [:], false),
            ("http://h", "http://h", ["BRIGADE_CONNECTION_ONE": "http://A:hidden@i"], false),
            ("http://i", "http://h:80", ["BRIGADE_CONNECTION_ONE": "http://A:hidden@h"], true),
            // Whoever opens it complains of it.
            ("http://i", "http://h", ["BRIGADE_CONNECTION_ONE": "hidden"], false),
        ] as [(String, String, [String: String], Bool)])
    func twoNamesMayBeOneStore(
        _ one: String, _ two: String, _ environment: [String: String], _ isOne: Bool
    ) throws {
        let yaml = Self.yaml(one, two, from: "s3://one@bbb", to: "s3://off-site@bbb/copy")
        let failure = try check(yaml, environment)
        #expect(
            failure?.message
                == (isOne
                    ? "brigade.yaml line 2: replication a: to s3://off-site@bbb/copy lies within from"
                        + " s3://one@bbb (both connections lead to one endpoint): what is copied would"
                        + " be copied again; name another bucket, or folders of which neither lies"
                        + " within the other, as in a/ and b/" : nil))
    }
}
