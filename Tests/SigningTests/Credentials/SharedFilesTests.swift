import Foundation
import Testing

@testable import Signing

@Suite struct SharedFilesTests {
    private static func pair(_ key: String) -> String {
        "[default]\naws_access_key_id = \(key)\naws_secret_access_key = s\n"
    }

    /// Looked at again when a second has passed, and read again when there is something new.
    @Test func aChangedFileIsReadAgain() async throws {
        let clock = ManualClock()
        let folder = try AWSFolder(credentials: Self.pair("ONE"))
        let provider = try Sources.chain(folder.environment(), Sources.context(clock))
        #expect(try await provider.credentials().accessKeyID == "ONE")
        try folder.write(Self.pair("THREE"), to: ".aws/credentials")
        #expect(try await provider.credentials().accessKeyID == "ONE")
        clock.advance(1)
        #expect(try await provider.credentials().accessKeyID == "THREE")
    }

    /// A file is seen half-written, or away for a moment: the old keys serve until there are new ones.
    @Test(arguments: ["", "[default]\naws_access_key_id = TWO", "[default", "\u{0}"])
    func aBrokenChangeIsNotTakenOver(text: String) async throws {
        let clock = ManualClock()
        let folder = try AWSFolder(credentials: Self.pair("ONE"))
        let provider = try Sources.chain(folder.environment(), Sources.context(clock))
        try folder.write(text, to: ".aws/credentials")
        clock.advance(1)
        #expect(try await provider.credentials().accessKeyID == "ONE")
        try FileManager.default.removeItem(atPath: folder.path + "/.aws/credentials")
        clock.advance(1)
        #expect(try await provider.credentials().accessKeyID == "ONE")
        try folder.write(Self.pair("TWO"), to: ".aws/credentials")
        clock.advance(1)
        #expect(try await provider.credentials().accessKeyID == "TWO")
    }

    /// A session is not thrown away because somebody touched the file.
    @Test func aTouchedFileKeepsItsSession() async throws {
        let clock = ManualClock()
        let folder = try AWSFolder()
        try folder.write(
            """
            #!/bin/sh
            echo x >> \(folder.path)/runs
            echo '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s"}'
            """, to: "get", mode: 0o700)
        let text = "[default]\ncredential_process = \(folder.path)/get\n"
        try folder.write(text, to: ".aws/config")
        let provider = try Sources.chain(folder.environment(), Sources.context(clock))
        _ = try await provider.credentials()
        try folder.write(text + "# touched\n", to: ".aws/config")
        clock.advance(1)
        _ = try await provider.credentials()
        #expect(try String(contentsOfFile: folder.path + "/runs", encoding: .utf8) == "x\n")
    }

    @Test func whereTheFilesAre() {
        let home = ["HOME": "/h"]
        func paths(_ more: [String: String]) -> [String?] {
            let files = SharedFiles(environment: home.merging(more) { $1 })
            return [files.config, files.credentials]
        }
        #expect(paths([:]) == ["/h/.aws/config", "/h/.aws/credentials"])
        #expect(
            paths(["AWS_CONFIG_FILE": "/c", "AWS_SHARED_CREDENTIALS_FILE": "~/k"])
                == ["/c", "/h/k"])
        #expect(paths(["AWS_CONFIG_FILE": "", "HOME": ""]) == [nil, nil])
    }

    @Test(arguments: ["config", "credentials"])
    func filesThatCannotBeRead(name: String) throws {
        let folder = try AWSFolder()
        let path = folder.path + "/.aws/" + name
        try folder.write("[default]\ntopsecret\n", to: ".aws/" + name)
        let broken = #expect(throws: CredentialsError.self) {
            try AWSSettings(environment: folder.environment())
        }
        #expect(broken?.origin == "\(path) line 2")
        #expect(broken?.everything.contains("topsecret") == false)
        try Data([0x5B, 0xFF, 0x5D]).write(to: URL(filePath: path))
        let noText = #expect(throws: CredentialsError.self) {
            try AWSSettings(environment: folder.environment())
        }
        #expect(noText?.problem == "it is not UTF-8 text")
        try Data(count: SharedFiles.bytesMaximum + 1).write(to: URL(filePath: path))
        let tooLarge = #expect(throws: CredentialsError.self) {
            try AWSSettings(environment: folder.environment())
        }
        #expect(tooLarge?.problem.contains("larger") == true)
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
        let folderError = #expect(throws: CredentialsError.self) {
            try AWSSettings(environment: folder.environment())
        }
        #expect(folderError?.problem.contains("directory") == true)
    }

    @Test func sectionsOfBothFiles() throws {
        let folder = try AWSFolder(
            config: """
                [default]
                region = first
                [profile default]
                region = second
                [profile "a b"]
                region = spaced
                [plain]
                region = ignored
                [profile both]
                region = config
                output = json
                [sso-session s]
                sso_region = x
                """,
            credentials: "[both]\nregion = credentials\n[profile x]\nregion = y\n")
        let configuration = try SharedFiles(environment: folder.environment()).load()
        #expect(configuration.profileNames == ["a b", "both", "default", "profile x"])
        #expect(configuration.profile("default")?.value("region") == "second")
        #expect(configuration.profile("a b")?.value("region") == "spaced")
        #expect(configuration.profile("both")?.value("region") == "credentials")
        #expect(configuration.profile("both")?.value("output") == "json")
    }
}
