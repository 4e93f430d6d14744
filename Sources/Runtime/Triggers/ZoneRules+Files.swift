import Glibc

extension ZoneRules {
    /// The longest of the tz database has 4 KiB.
    static let longestFile = 1 << 20
    private static let usualFolders = [
        "/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo",
    ]

    /// The zone of a name of the tz database, from `$TZDIR` or the system's own folder of zones. `UTC` needs no file.
    ///
    /// Reads the file anew each time: keep the value.
    /// - Throws: ``ScheduleError``: no such zone, no zones on this machine, or a file that is none.
    public init(named name: String) throws(ScheduleError) {
        let folder = getenv("TZDIR").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
        self = try Self.find(name, folders: (folder.map { [$0] } ?? []) + Self.usualFolders)
    }

    /// From the first of the folders that has it.
    static func find(_ name: String, folders: [String]) throws(ScheduleError) -> ZoneRules {
        if ["UTC", "Etc/UTC"].contains(name) { return utc }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard name.utf8.count <= 255, name.utf8.allSatisfy(isInName),
            parts.allSatisfy({ !["", ".", ".."].contains($0) })
        else {
            throw failure(.unknownZone, name, "no name of the tz database looks like this")
        }
        var hasZones = false
        for folder in folders {
            hasZones = hasZones || access(folder, R_OK | X_OK) == 0
            guard let bytes = try contents(of: "\(folder)/\(name)", zone: name) else { continue }
            guard let zone = ZoneRules(tzif: bytes, description: name) else {
                throw failure(
                    .unreadableZone, name,
                    "\(folder)/\(name) is no file of a time zone that this program reads")
            }
            return zone
        }
        throw failure(
            .unknownZone, name,
            hasZones
                ? "no such time zone" : "no time zones on this machine: install the package tzdata")
    }

    /// nil when there is no such file; a folder is none.
    private static func contents(of path: String, zone: String) throws(ScheduleError) -> [UInt8]? {
        // Without O_NONBLOCK a pipe of that name would be waited for.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if [ENOENT, ENOTDIR].contains(errno) { return nil }
            throw failure(.unreadableZone, zone, "\(SystemFailure(path, errno))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return nil
        }
        guard status.st_size <= longestFile else {
            throw failure(
                .unreadableZone, zone,
                "\(path) has \(status.st_size) bytes, more than \(longestFile)")
        }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 8192)
        while bytes.count <= longestFile {
            let count = read(descriptor, &block, block.count)
            if count > 0 {
                bytes += block[..<count]
            } else if count == 0 {
                return bytes
            } else if errno != EINTR {
                throw failure(.unreadableZone, zone, "\(SystemFailure(path, errno))")
            }
        }
        throw failure(.unreadableZone, zone, "\(path) grows while it is read")
    }

    private static func failure(_ kind: ScheduleError.Kind, _ name: String, _ problem: String)
        -> ScheduleError
    {
        ScheduleError(
            kind, text: name, field: "time zone", problem: problem,
            allowed: "UTC and the names of the tz database, as in Europe/Berlin")
    }

    private static func isInName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
            UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "/"):
            true
        default: false
        }
    }
}
