import GRDB

extension StateSchema {
    static func registerLedger(_ migrator: inout DatabaseMigrator) {
        migrator.registerMigration("ledger-1") { _ in }
    }
}
