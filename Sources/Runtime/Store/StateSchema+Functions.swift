import GRDB

extension StateSchema {
    /// One document a function: what belongs to it changes with it, whole.
    static func registerFunctions(_ migrator: inout DatabaseMigrator) {
        migrator.registerMigration("functions-1") { database in
            try database.execute(
                sql: "CREATE TABLE functions (name TEXT PRIMARY KEY, document BLOB NOT NULL)")
        }
    }
}
