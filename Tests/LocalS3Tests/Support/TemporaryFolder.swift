import Glibc

@testable import LocalS3

/// A folder for one test, gone with it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        let name = String(UInt64.random(in: 0 ... .max), radix: 36)
        path = "/tmp/locals3-tests-\(name)"
        try Disk.makeDirectory(path)
    }

    deinit {
        // Best effort: it is in the system's folder for such things.
        try? Disk.removeTree(path)
    }

    /// The files under a folder of it, as paths relative to that, in order.
    func files(under name: String) throws -> [String] {
        var found: [String] = []
        func visit(_ relative: String) throws {
            for child in try Disk.names(in: "\(path)/\(name)\(relative)").sorted() {
                var status = stat()
                let full = "\(path)/\(name)\(relative)/\(child)"
                guard stat(full, &status) == 0 else { continue }
                if status.st_mode & S_IFMT == S_IFDIR {
                    try visit("\(relative)/\(child)")
                } else {
                    found.append("\(relative)/\(child)")
                }
            }
        }
        try visit("")
        return found
    }
}
