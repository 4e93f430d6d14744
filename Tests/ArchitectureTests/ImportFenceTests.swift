import Testing

@Suite struct ImportFenceTests {
    @Test func everyFileStaysBehindTheFence() {
        #expect(SourceTree.swift.files.count > 20, "the tree was not found")
        #expect(SourceTree.swift.files.flatMap(ImportFence.violations) == [])
    }

    @Test func theTableHasNoCycle() {
        func reachable(from target: String, seen: Set<String> = []) -> Set<String> {
            ImportFence.table[target]?.ours.reduce(into: seen) { result, next in
                if result.insert(next).inserted {
                    result.formUnion(reachable(from: next, seen: result))
                }
            } ?? seen
        }
        for target in ImportFence.table.keys {
            #expect(!reachable(from: target).contains(target), "\(target) reaches itself")
        }
    }

    @Test(arguments: [
        ("Sources/Transport/A.swift", "import S3", "S3"),
        ("Sources/Transport/A.swift", "import Foundation", "Foundation"),
        ("Sources/XML/A.swift", "import Logging", "Logging"),
        ("Sources/S3/A.swift", "@preconcurrency import Replication", "Replication"),
        ("Sources/S3/A.swift", "public import struct LocalS3.Server", "LocalS3"),
        ("Sources/Replication/Copying/A.swift", "@_spi(X) internal import Lambda", "Lambda"),
        ("Sources/LocalS3/A.swift", "import S3", "S3"),
        ("Functions/Replicate/A.swift", "import Runtime", "Runtime"),
        ("Sources/Runtime/Store/A.swift", "\timport Replication // why", "Replication"),
        ("Sources/brigade/A.swift", "import NIOCore", "NIOCore"),
    ])
    func aPlantedImportIsFound(path: String, line: String, module: String) {
        let file = SourceFile(path: path, text: "import Glibc\n\(line)\n")
        let found = ImportFence.violations(in: file)
        #expect(found.count == 1)
        #expect(found.first?.hasSuffix("may not import \(module)") == true)
        #expect(found.first?.hasPrefix("\(path):2:") == true)
    }

    @Test func aTargetWithoutARowIsFound() {
        let file = SourceFile(path: "Sources/Utilities/A.swift", text: "")
        #expect(ImportFence.violations(in: file).count == 1)
    }

    @Test func allowedImportsPass() {
        let text = """
            // import Foundation
            /* import Runtime
               import Lambda */
            import Glibc
            import S3
            let text = "import Runtime"
            let important = 1
            """
        let file = SourceFile(path: "Sources/Replication/A.swift", text: text)
        #expect(ImportFence.violations(in: file) == [])
    }

    @Test func testsMayImportWhatTheyLike() {
        let file = SourceFile(path: "Tests/S3Tests/A.swift", text: "import Foundation\n")
        #expect(ImportFence.violations(in: file) == [])
    }
}
