import LocalS3
import Testing

@testable import brigade

struct LocalS3KeyFileTests {
    @Test func aPairInEachSection() throws {
        let keys = try LocalS3KeyFile.parse(
            """
            # two of them
            [writer]
            aws_access_key_id = ONE
            aws_secret_access_key = a secret: /+@
            region = ignored

            [auditor]
            aws_secret_access_key=other
            aws_access_key_id=TWO
            access = read
            """, "f")
        #expect(
            keys == [
                LocalS3AccessKey(accessKeyID: "ONE", secretAccessKey: "a secret: /+@"),
                LocalS3AccessKey(accessKeyID: "TWO", secretAccessKey: "other", isReadOnly: true),
            ])
        #expect(LocalS3KeyFile.repeated(keys) == nil)
        #expect(LocalS3KeyFile.repeated(keys + [keys[1]]) == "TWO")
    }

    @Test(arguments: [
        ("", "holds no key pair"), ("[a]\n", "[a]: half a key pair"),
        ("[a]\naws_access_key_id = X\n", "[a]: half a key pair"),
        ("[a]\naws_secret_access_key = hidden\naws_access_key_id =\n", "[a]: half a key pair"),
        ("[a]\naws_access_key_id = x/y\naws_secret_access_key = hidden\n", "no access key"),
        (
            "[a]\naws_access_key_id = x\naws_secret_access_key = hidden\naccess = all\n",
            "neither read nor write"
        ),
        ("aws_secret_access_key = hidden\n", "f, line 1:"),
    ])
    func whatIsWrongIsNamed(text: String, words: String) throws {
        let failure = try #require(throws: CommandFailure.self) {
            try LocalS3KeyFile.parse(text, "f")
        }
        #expect(failure.status == .usage)
        #expect(failure.message.contains(words), "\(failure.message)")
        #expect(!failure.rendered.contains("hidden"))
    }

    @Test func aFileThatIsNotThere() throws {
        let failure = try #require(throws: CommandFailure.self) {
            try LocalS3KeyFile.read("/nowhere/keys")
        }
        #expect(failure.message.contains("/nowhere/keys"))
    }
}
