import Testing

@testable import Signing

@Suite struct INIDocumentTests {
    private func values(_ text: String) throws -> [String: String] {
        try INIDocument("[s]\n" + text).sections[0].values
    }

    /// Each as Python's `configparser` reads it for the AWS CLI.
    @Test(arguments: [
        ("a = b", ["a": "b"]), ("a=b", ["a": "b"]), ("a : b", ["a": "b"]),
        ("a=b=c:d", ["a": "b=c:d"]),
        ("  a = b  ", ["a": "b"]), ("a =", ["a": ""]), ("A_Key = B", ["a_key": "B"]),
        ("a = b # no comment", ["a": "b # no comment"]), ("a = b ; c", ["a": "b ; c"]),
        ("# a = b\n; c = d\n\n  # e = f", [:]), ("a = \"b\"", ["a": "\"b\""]),
        ("a = b\r\nc = d\r\n", ["a": "b", "c": "d"]), ("a = b\n  c", ["a": "b\nc"]),
        ("a = b\n  # no\n  c\n\nd = e", ["a": "b\nc", "d": "e"]),
        ("  a = b\n  c = d", ["a": "b", "c": "d"]), ("a b = c d", ["a b": "c d"]),
        ("a = b\n\n\n", ["a": "b"]), ("a = %(b)s", ["a": "%(b)s"]),
    ])
    func settings(text: String, expected: [String: String]) throws {
        #expect(try values(text) == expected)
    }

    @Test func sectionsAndNestedSettings() throws {
        let document = try INIDocument(
            """
            \u{FEFF}# comment
            [default]
            region = eu-west-1
            s3 =
              addressing_style = path
              # comment

              max_concurrent_requests=20
            output = json

            [ profile  "a b" ] ; ignored
            [services x]
            s3 =
                endpoint_url = http://a:1/?b=c
            sts =
                endpoint_url = http://b
            """)
        #expect(document.sections.map(\.name) == ["default", "profile  \"a b\"", "services x"])
        #expect(document.sections[0].values == ["region": "eu-west-1", "output": "json"])
        #expect(
            document.sections[0].nested
                == ["s3": ["addressing_style": "path", "max_concurrent_requests": "20"]])
        #expect(
            document.sections[2].nested == [
                "s3": ["endpoint_url": "http://a:1/?b=c"], "sts": ["endpoint_url": "http://b"],
            ])
    }

    /// The line is named; what stands there may be a secret and is not.
    @Test(arguments: [
        ("topsecret = x", 1, "before the first section"), ("[a]\ntopsecret", 2, "NAME = VALUE"),
        ("[a\ntopsecret", 1, "closing bracket"), ("[]\n", 1, "no name"),
        ("[a]\n[b]\n[a]", 3, "twice"), ("[a]\nb = topsecret\nc = 1\nB = topsecret", 4, "twice"),
        ("[a]\n= topsecret", 2, "no name"), ("[a]\ns3 =\n  topsecret", 2, "NAME = VALUE"),
        ("[a]\ns3 =\n  = topsecret", 2, "no name"), ("[a]\ns3 =\n a=b\ns3 = topsecret", 4, "twice"),
    ])
    func refusals(text: String, line: Int, expected: String) {
        let error = #expect(throws: INIError.self) { try INIDocument(text) }
        #expect(error?.line == line)
        #expect(error?.problem.contains(expected) == true, "\(error!)")
        #expect(!"\(error!)".contains("topsecret"))
    }

    @Test func nothingIsADocument() throws {
        #expect(try INIDocument("").sections == [])
        #expect(try INIDocument("\n# only this\n").sections == [])
    }
}

@Suite struct ShellWordsTests {
    /// Each as Python's `shlex.split` has it.
    @Test(
        arguments: [
            ("", []), ("  \t ", []), ("a", ["a"]), (" a  b\tc\n", ["a", "b", "c"]),
            ("'a b' c", ["a b", "c"]), ("\"a b\" c", ["a b", "c"]), ("a'b'\"c\"d", ["abcd"]),
            ("''", [""]), ("a '' b", ["a", "", "b"]), ("\"\"", [""]), (#"a\ b"#, ["a b"]),
            (#"'a\b'"#, [#"a\b"#]), (#""a\"b\\c\d""#, [#"a"b\c\d"#]), (#"\'"#, ["'"]),
            ("$HOME *.x ~ | ; # `a`", ["$HOME", "*.x", "~", "|", ";", "#", "`a`"]),
            ("\u{E9} '\u{1F600} b'", ["\u{E9}", "\u{1F600} b"]), ("'it'\\''s'", ["it's"]),
            ("'a", nil), ("\"a", nil), (#"a\"#, nil), (#""a\"#, nil), ("a 'b", nil),
        ] as [(String, [String]?)])
    func words(text: String, expected: [String]?) {
        #expect(ShellWords.split(text) == expected)
    }
}
