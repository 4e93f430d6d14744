import GRDB

/// The tables, one migration for each change. A migration that was released is never edited.
enum StateSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        registerLedger(&migrator)
        registerFunctions(&migrator)
        registerQueue(&migrator)
        registerChanges(&migrator)
        return migrator
    }
}
