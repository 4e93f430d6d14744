import Foundation
import Functions
import Testing

@testable import brigade

struct FunctionManifestTests {
    private static let functions = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Functions")

    /// The bill of a one-shot run is that of the function as it is described.
    @Test(arguments: [
        ("Replicate", ReplicateFunction.name, Compose.replicateMemoryMB),
        ("Reconcile", ReconcileFunction.name, Compose.reconcileMemoryMB),
        ("Verify", VerifyFunction.name, Compose.verifyMemoryMB),
    ])
    func theCommandRunsWhatIsDescribed(_ folder: String, _ name: String, _ memoryMB: Int) throws {
        let file = Self.functions.appending(path: "\(folder)/function.yaml")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        func value(_ key: String) -> Substring? {
            lines.first { $0.hasPrefix(key + ": ") }?.split(separator: " ").dropFirst().first
        }
        #expect(value("name") == name[...])
        #expect(value("memory").flatMap { Int($0) } == memoryMB)
    }
}
