import GRDB

extension StateSchema {
    /// `events`: accepted asynchronous events, until they have succeeded or are given up. `deliveries`: records on their
    /// way to a destination, written in the transaction that ended their event.
    static func registerQueue(_ migrator: inout DatabaseMigrator) {
        migrator.registerMigration("queue-1") { database in
            try database.execute(
                sql: """
                    CREATE TABLE events (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        request_id TEXT NOT NULL,
                        function TEXT NOT NULL,
                        qualifier TEXT,
                        payload BLOB NOT NULL,
                        client_context BLOB,
                        trace TEXT NOT NULL,
                        parent TEXT,
                        accepted_ms INTEGER NOT NULL,
                        due_ms INTEGER NOT NULL,
                        attempts INTEGER NOT NULL DEFAULT 0,
                        throttles INTEGER NOT NULL DEFAULT 0
                    );
                    CREATE INDEX events_due ON events (due_ms, id);
                    CREATE TABLE deliveries (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        target TEXT NOT NULL,
                        body BLOB NOT NULL,
                        attributes TEXT NOT NULL,
                        created_ms INTEGER NOT NULL,
                        due_ms INTEGER NOT NULL,
                        failures INTEGER NOT NULL DEFAULT 0
                    );
                    CREATE INDEX deliveries_due ON deliveries (due_ms, id);
                    """)
        }
    }
}
