import GRDB

extension StateSchema {
    static func registerQueue(_ migrator: inout DatabaseMigrator) {
        migrator.registerMigration("queue-1") { _ in }
    }
}
