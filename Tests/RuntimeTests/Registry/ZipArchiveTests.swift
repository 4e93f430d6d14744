import Foundation
import Testing

@testable import Runtime

/// What is no package is refused as Lambda does it, and leaves nothing on the disk.
@Suite struct ZipArchiveTests {
    private typealias Entry = TestZip.Entry

    private static func damaged() -> [(String, TestZip)] {
        var truncated = TestZip("a", "b")
        truncated.cut = 10
        var more = TestZip("a", "b")
        more.count = 3
        var fewer = TestZip("a", "b")
        fewer.count = 1
        let long = String(repeating: "x", count: 256)
        return [
            ("the same file under two names", TestZip("a", "./a")),
            ("the same file under two names, inside", TestZip("b/a", "b//./a")),
            ("a file twice", TestZip("a", "a")),
            ("a file that is a folder, too", TestZip("a", "a/b")),
            ("a folder that is a file, too", TestZip("a/b", "a")),
            (
                "a folder's entry beside a file",
                TestZip(Entry(name: "a/", content: []), Entry(name: "a"))
            ),
            ("an encrypted file", TestZip(Entry(name: "a", flags: 1))),
            ("an encrypted directory", TestZip(Entry(name: "a", flags: 0x2000))),
            ("bzip2", TestZip(Entry(name: "a", method: 12))),
            ("zstd", TestZip(Entry(name: "a", method: 93))),
            ("a truncated directory", truncated),
            ("fewer entries than it says", more),
            ("more entries than it says", fewer),
            ("a link", TestZip(Entry(name: "a", mode: 0o120777))),
            ("a path out of it", TestZip("../a")),
            ("a path out of it, later", TestZip("b/../../a")),
            ("an absolute path", TestZip("/a")),
            ("a name that no file can have", TestZip(long)),
            ("no file", TestZip(Entry(name: "a/", content: []))),
            ("nothing", TestZip([Entry]())),
        ]
    }

    @Test func whatIsNoPackageIsRefusedAndLeavesNothing() async throws {
        let stage = try await RegistryStage()
        for (what, zip) in Self.damaged() {
            do {
                let package = try stage.packages.store(zip: zip.bytes)
                Issue.record("\(what) was taken as \(package)")
            } catch {
                #expect(error.kind == .invalidParameterValue, "\(what): \(error)")
                #expect(
                    error.message
                        == "Could not unzip uploaded file. Please check your file, then try to upload again.",
                    "\(what)")
            }
            #expect(await stage.packageNames() == [], "\(what)")
        }
    }

    @Test func everyCutOfAZipIsRefusedOrWhole() async throws {
        let stage = try await RegistryStage()
        let whole = TestZip("a", "b/c").bytes
        for length in 0..<whole.count {
            #expect(throws: LambdaServiceError.self) {
                try stage.packages.store(zip: Array(whole[..<length]))
            }
        }
        #expect(await stage.packageNames() == [])
    }

    @Test func pathsAreMadePlain() async throws {
        let stage = try await RegistryStage()
        let zip = TestZip(
            Entry(name: "./", content: []), Entry(name: "./a"), Entry(name: "b/", content: []),
            Entry(name: "b/", content: []), Entry(name: "./b/c//d", mode: 0o100755))
        let package = try stage.packages.store(zip: zip.bytes)
        let files = try FileManager.default.subpathsOfDirectory(atPath: package.directory)
        #expect(files.sorted() == ["a", "b", "b/c", "b/c/d"])
        #expect(access(package.directory + "/b/c/d", X_OK) == 0)
        #expect(access(package.directory + "/a", R_OK) == 0)
    }

    @Test func whatUnpacksToTooMuchIsRefused() async throws {
        #expect(throws: ZipArchive.Problem.tooLarge) {
            try ZipArchive(TestZip("a", "b").bytes, limit: 1)
        }
    }
}
