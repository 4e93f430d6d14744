import GRDB

extension StateSchema {
    static func registerFunctions(_ migrator: inout DatabaseMigrator) {
        migrator.registerMigration("functions-1") { _ in }
    }
}
