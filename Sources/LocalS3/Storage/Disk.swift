import Glibc

/// The file-system calls that name a path.
enum Disk {
    static func makeDirectory(_ path: String) throws(StorageError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw StorageError(operation: "mkdir", path: path)
        }
    }

    /// Makes a directory and those above it.
    static func makePath(_ path: String) throws(StorageError) {
        if exists(path) { return }
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            try makePath(String(path[..<slash]))
        }
        try makeDirectory(path)
    }

    static func rename(_ source: String, to target: String) throws(StorageError) {
        guard Glibc.rename(source, target) == 0 else {
            throw StorageError(operation: "rename", path: target)
        }
    }

    static func link(_ source: String, to target: String) throws(StorageError) {
        guard Glibc.link(source, target) == 0 else {
            throw StorageError(operation: "link", path: target)
        }
    }

    /// Whether there was a file to remove.
    @discardableResult
    static func remove(_ path: String) throws(StorageError) -> Bool {
        if unlink(path) == 0 { return true }
        if errno == ENOENT { return false }
        throw StorageError(operation: "unlink", path: path)
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The names in a directory, without "." and "..", in no order.
    static func names(in path: String) throws(StorageError) -> [String] {
        guard let directory = opendir(path) else {
            throw StorageError(operation: "opendir", path: path)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// Removes a directory and all in it. What is not there is no error.
    static func removeTree(_ path: String) throws(StorageError) {
        let names: [String]
        do throws(StorageError) {
            names = try Disk.names(in: path)
        } catch {
            if error.code == ENOTDIR {
                try remove(path)
                return
            }
            if error.kind == .notFound { return }
            throw error
        }
        for name in names {
            let child = "\(path)/\(name)"
            if unlink(child) == 0 || errno == ENOENT { continue }
            try removeTree(child)
        }
        guard rmdir(path) == 0 || errno == ENOENT else {
            throw StorageError(operation: "rmdir", path: path)
        }
    }

    /// Makes the names in a directory durable: a rename is on the disk only after this.
    static func synchronizeDirectory(_ path: String) throws(StorageError) {
        let directory = try OpenFile(path, flags: O_RDONLY | O_DIRECTORY)
        guard fsync(directory.descriptor) == 0 else {
            throw StorageError(operation: "fsync", path: path)
        }
    }

    /// Replaces a small file as a whole: readers see the old bytes or the new ones, also after a crash.
    static func replace(_ path: String, with bytes: [UInt8], durable: Bool) throws(StorageError) {
        let temporary = path + ".new"
        let file = try OpenFile(temporary, flags: O_WRONLY | O_CREAT | O_TRUNC)
        try file.write(bytes)
        if durable { try file.synchronize() }
        try rename(temporary, to: path)
    }

    static func contents(of path: String) throws(StorageError) -> [UInt8] {
        let file = try OpenFile(path, flags: O_RDONLY)
        return try file.read(Int(try file.size), at: 0)
    }
}
