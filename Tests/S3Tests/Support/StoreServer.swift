import Foundation
import Glibc
import Transport

/// A store of others, started once for all tests on a port of its own choice, ended with the test process.
final class StoreServer: Sendable {
    let authority: String
    private let process: Process
    private let input: Pipe

    static let moto = start("moto_server", ["-H", "127.0.0.1", "-p", "0"])
    static let rclone: StoreServer? = {
        let folder = FileManager.default.temporaryDirectory.path + "/s3tests-\(getpid())"
        return start(
            "rclone",
            [
                "serve", "s3", "--addr", "127.0.0.1:0", "--auth-key", "TESTKEY,testsecret12345",
                "--dir-cache-time", "5m", folder,
            ], cleaning: folder)
    }()

    /// The tool's path: in the environment's choice, in `PATH`, or in the package's own virtual environment.
    static func tool(_ name: String) -> String? {
        let environment = ProcessInfo.processInfo.environment
        var folders = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        if let venv = environment["BRIGADE_TEST_VENV"] { folders.insert(venv + "/bin", at: 0) }
        folders.append(FileManager.default.currentDirectoryPath + "/.build/venv/bin")
        return folders.map { $0 + "/" + name }.first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
    }

    static func reason(_ name: String) -> String {
        "\(name) is neither in PATH nor in BRIGADE_TEST_VENV/bin nor in .build/venv/bin"
    }

    private static func start(
        _ name: String, _ arguments: [String], cleaning folder: String? = nil
    ) -> StoreServer? {
        guard let tool = tool(name) else { return nil }
        if let folder { mkdir(folder, 0o700) }
        let process = Process()
        let input = Pipe()
        let output = Pipe()
        process.executableURL = URL(filePath: "/bin/sh")
        // The shell ends the server when its input ends: with this process, however that ends. By SIGKILL, because the
        // thread that starts it may have others blocked, and a blocked signal is inherited.
        let clean = folder.map { "; rm -rf '\($0)'" } ?? ""
        process.arguments =
            [
                "-c",
                "\"$@\" </dev/null & server=$!; cat >/dev/null; kill -9 $server; wait $server\(clean)",
                "sh", tool,
            ]
            + arguments
        var environment = ProcessInfo.processInfo.environment
        environment["RCLONE_CONFIG"] = "/dev/null"
        environment["PYTHONUNBUFFERED"] = "1"
        process.environment = environment
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        guard (try? process.run()) != nil else { return nil }
        var text = ""
        let marker = "http://127.0.0.1:"
        while true {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { return nil }
            text += String(decoding: data, as: UTF8.self)
            guard let range = text.range(of: marker) else { continue }
            let port = text[range.upperBound...].prefix { $0.isNumber }
            guard range.upperBound < text.endIndex, port.endIndex < text.endIndex else { continue }
            // Its log is read on, so that it never waits for us.
            output.fileHandleForReading.readabilityHandler = { handle in _ = handle.availableData }
            return StoreServer(
                authority: "127.0.0.1:\(port)", process: process, input: input)
        }
    }

    private init(authority: String, process: Process, input: Pipe) {
        self.authority = authority
        self.process = process
        self.input = input
    }
}
