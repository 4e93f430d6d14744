import Foundation
import Glibc

@testable import LocalS3

/// One LocalS3 for all tests of this process, on a free port and a folder that goes with the process.
/// Parts may be of any size, so that multipart objects can be small.
enum EmbeddedStore {
    static let accessKeyID = "TESTKEY"
    static let secretAccessKey = "testsecret12345"
    private static let folder = "/tmp/replication-tests-\(getpid())"

    // It outlives the test that asks first.
    private static let running = Task {
        var configuration = LocalS3Configuration(
            rootDirectory: folder,
            keys: [
                LocalS3AccessKey(accessKeyID: accessKeyID, secretAccessKey: secretAccessKey)
            ])
        configuration.partBytesMinimum = 1
        configuration.durable = false
        let server = try await LocalS3Server.start(configuration)
        // Best effort: it is in the system's folder for such things.
        atexit { try? FileManager.default.removeItem(atPath: EmbeddedStore.folder) }
        return server
    }

    static var port: Int { get async throws { try await running.value.port } }
}
