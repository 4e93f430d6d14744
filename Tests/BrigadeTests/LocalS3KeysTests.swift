import Testing

@testable import brigade

struct LocalS3KeysTests {
    private func find(_ access: String?, _ secret: String?) throws(CommandFailure) -> LocalS3Keys {
        var environment: [String: String] = [:]
        environment["BRIGADE_ACCESS_KEY"] = access
        environment["BRIGADE_SECRET_KEY"] = secret
        return try LocalS3Keys.find(environment)
    }

    @Test func takesThePairGiven() throws {
        let keys = try find("me.here", "a secret: /+@")
        #expect(!keys.isMade)
        #expect(keys.pair.accessKeyID == "me.here")
        #expect(keys.pair.secretAccessKey == "a secret: /+@")
    }

    @Test func makesAPairThatNeedsNoEscaping() throws {
        let first = try find(nil, nil)
        let second = try find("", "")
        #expect(first.isMade && second.isMade)
        #expect(first.pair != second.pair)
        for pair in [first.pair, second.pair] {
            #expect(pair.accessKeyID.hasPrefix("BRGD"))
            #expect(pair.accessKeyID.count == 20)
            #expect(pair.secretAccessKey.count == 40)
            #expect(
                (pair.accessKeyID + pair.secretAccessKey).allSatisfy {
                    $0.isASCII && ($0.isLetter || $0.isNumber)
                })
        }
    }

    @Test(
        arguments: [("me", nil), ("me", ""), (nil, "hidden"), ("", "hidden")]
            as [(String?, String?)])
    func halfAPairNamesTheOther(_ access: String?, _ secret: String?) throws {
        let failure = try #require(throws: CommandFailure.self) { try find(access, secret) }
        let missing = secret == "hidden" ? "BRIGADE_ACCESS_KEY" : "BRIGADE_SECRET_KEY"
        #expect(failure.status == .usage)
        #expect(failure.message == "half a key pair: \(missing) is not set")
        #expect(!failure.rendered.contains("hidden"))
    }

    @Test(arguments: ["a/b", "a b", "a,b", "ä", "a\n"])
    func refusesAnAccessKeyThatASignatureCannotCarry(_ access: String) throws {
        let failure = try #require(throws: CommandFailure.self) { try find(access, "hidden") }
        #expect(failure.message.contains("BRIGADE_ACCESS_KEY"))
        #expect(!failure.rendered.contains("hidden"))
    }
}
