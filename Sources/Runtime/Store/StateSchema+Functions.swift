import GRDB

extension StateSchema {
    /// One document a function: what belongs to it changes with it, whole.
    static func registerFunctions(_ migrator: inout DatabaseMigrator) {
        migrator.registerMigration("functions-1") { database in
            try database.execute(
                sql: "CREATE TABLE functions (name TEXT PRIMARY KEY, document BLOB NOT NULL)")
        }
        // The numbers of versions are never used again, also after the function was deleted and made anew.
        migrator.registerMigration("functions-2") { database in
            try database.execute(
                sql: """
                    CREATE TABLE function_numbers (
                        name TEXT PRIMARY KEY,
                        next_version INTEGER NOT NULL
                    ) STRICT
                    """)
        }
    }
}
