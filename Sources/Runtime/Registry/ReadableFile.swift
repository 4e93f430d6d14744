import Glibc

/// A file that is read from its beginning to its end, in blocks; a block that cannot be read is no end.
final class ReadableFile {
    private let path: String
    private let descriptor: Int32
    private static let blockBytes = 1 << 20

    init(_ path: String) throws {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemFailure(path, errno) }
    }

    deinit { close(descriptor) }

    func rewind() throws {
        guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw SystemFailure(path, errno) }
    }

    /// The next block; nil at the end.
    func next() throws -> ArraySlice<UInt8>? {
        var block = [UInt8](repeating: 0, count: Self.blockBytes)
        while true {
            let count = read(descriptor, &block, block.count)
            if count > 0 { return block[..<count] }
            if count == 0 { return nil }
            guard errno == EINTR else { throw SystemFailure(path, errno) }
        }
    }
}
