import Foundation
import Testing

@Suite struct HouseRulesTests {
    @Test func noFileIsTooLong() {
        #expect(SourceTree.all.files.flatMap(HouseRules.tooLong) == [])
    }

    @Test func uncheckedStateStaysInTheAllowList() {
        #expect(SourceTree.swift.files.flatMap { HouseRules.unchecked($0) } == [])
        #expect(HouseRules.unusedAllowances(SourceTree.swift.files) == [])
    }

    @Test func onlyTheCommandPrints() {
        #expect(SourceTree.swift.files.flatMap(HouseRules.printing) == [])
    }

    @Test func nothingIsLeftUndone() {
        #expect(SourceTree.swift.files.flatMap(HouseRules.skeletons) == [])
        #expect(SourceTree.all.files.flatMap(HouseRules.leftovers) == [])
    }

    @Test func droppedErrorsSayWhy() {
        #expect(SourceTree.swift.files.flatMap(HouseRules.silentErrors) == [])
    }

    @Test func theMapNamesEveryTarget() throws {
        let sources = SourceTree.swift.root.appending(path: "Sources")
        let map = try String(contentsOf: sources.appending(path: "README.md"), encoding: .utf8)
        let targets = try FileManager.default.contentsOfDirectory(
            at: sources, includingPropertiesForKeys: [.isDirectoryKey])
        for target in targets where target.hasDirectoryPath {
            #expect(map.contains("`\(target.lastPathComponent)`"), "\(target.lastPathComponent)")
        }
    }

    // Each rule below is shown to fail on a planted violation, and to pass on what only looks like one.

    @Test func aLongFileIsFound() {
        let line = "let x = 1\n"
        let limit = HouseRules.longestFileLines
        let atLimit = SourceFile(path: "a", text: String(repeating: line, count: limit))
        let overLimit = SourceFile(path: "a", text: atLimit.text + line)
        #expect(HouseRules.tooLong(atLimit) == [])
        #expect(HouseRules.tooLong(overLimit).count == 1)
    }

    @Test func plantedUncheckedStateIsFound() {
        let text = """
            // @unchecked Sendable in a comment is only talk
            final class A: @unchecked Sendable {}
            nonisolated(unsafe) var b = 1
            """
        let file = SourceFile(path: "Sources/S3/A.swift", text: text)
        #expect(
            HouseRules.unchecked(file) == [
                "Sources/S3/A.swift:2: @unchecked Sendable",
                "Sources/S3/A.swift:3: nonisolated(unsafe)",
            ])
        #expect(HouseRules.unchecked(file, allowed: [file.path: "test"]) == [])
        #expect(HouseRules.unusedAllowances([file], allowed: [file.path: "test"]) == [])
        #expect(HouseRules.unusedAllowances([file], allowed: ["B.swift": "gone"]) == ["B.swift"])
    }

    @Test(arguments: [
        "print(x)", "    if x { print(\"\\(y)\") }", "debugPrint(x)", "Swift.self; dump(x)",
    ])
    func aPlantedPrintIsFound(line: String) {
        #expect(HouseRules.printing(SourceFile(path: "Sources/S3/A.swift", text: line)) != [])
        #expect(HouseRules.printing(SourceFile(path: "Sources/brigade/A.swift", text: line)) == [])
        #expect(HouseRules.printing(SourceFile(path: "Tests/S3Tests/A.swift", text: line)) == [])
    }

    @Test(arguments: [
        "// print(x)", "let a = \"print(x)\"", "blueprint(x)", "page.print(x)", "let print = 1",
        "func print(_ x: Int) {", "let b = #\"a \" print(x)\"#", "/* a /* b */ print(x) */",
        "let c = \"\"\"\n  print(x) \" print(y)\n\"\"\"", "let d = \"a\\\" print(x)\"",
    ])
    func whatOnlyLooksLikeAPrintPasses(line: String) {
        #expect(HouseRules.printing(SourceFile(path: "Sources/S3/A.swift", text: line)) == [])
    }

    @Test func plantedSkeletonsAndLeftoversAreFound() {
        let skeleton = SourceFile(
            path: "Sources/S3/A.swift", text: "func a() { fatalError(\"skeleton\") }")
        #expect(HouseRules.skeletons(skeleton).count == 1)
        for word in ["TO" + "DO: later", "FIX" + "ME"] {
            let file = SourceFile(path: "scripts/a", text: "a\n# \(word)\n")
            #expect(HouseRules.leftovers(file).first?.hasPrefix("scripts/a:2:") == true)
        }
    }

    @Test func aPlantedDroppedErrorIsFound() {
        let bare = SourceFile(path: "Sources/S3/A.swift", text: "let a = 1\nlet b = try? f()\n")
        let told = SourceFile(
            path: "Sources/S3/A.swift", text: "// Best effort: it may be gone.\nlet b = try? f()\n")
        #expect(HouseRules.silentErrors(bare).count == 1)
        #expect(HouseRules.silentErrors(told) == [])
    }

    @Test func blankingKeepsEveryLine() {
        let text = "a // b\n\"\"\"\nc\n\"\"\"\n/* d\n e */ f\n"
        let code = SourceFile.code(of: text)
        #expect(code.split(separator: "\n", omittingEmptySubsequences: false).count == 7)
        #expect(!code.contains("b") && !code.contains("c") && !code.contains("e"))
        #expect(code.contains("f"))
    }
}
