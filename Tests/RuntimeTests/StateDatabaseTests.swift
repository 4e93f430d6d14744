import GRDB
import Glibc
import TestSupport
import Testing

@testable import Runtime

@Suite struct StateDatabaseTests {
    private struct Refused: Error {}

    @Test func writesAtOnceShareATransactionAndFailAlone() async throws {
        let folder = "/tmp/brigade-state-\(getpid())-\(UInt64.random(in: 0...(.max)))"
        #expect(mkdir(folder, 0o700) == 0)
        defer {
            for end in ["", "-wal", "-shm"] { unlink("\(folder)/state.sqlite\(end)") }
            rmdir(folder)
        }
        let database = try StateDatabase(path: "\(folder)/state.sqlite")
        try await database.write { try $0.execute(sql: "CREATE TABLE t (n INTEGER)") }
        let kept = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    do {
                        try await database.write { writer in
                            try writer.execute(sql: "INSERT INTO t VALUES (?)", arguments: [number])
                            if number % 10 == 0 { throw Refused() }
                        }
                        return true
                    } catch { return false }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        let rows = try await database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM t") }
        #expect(kept == 180)
        #expect(rows == 180)
        var status = stat()
        #expect(stat("\(folder)/state.sqlite", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        try database.close()
    }
}
