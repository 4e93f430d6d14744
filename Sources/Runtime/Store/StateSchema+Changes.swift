import GRDB

extension StateSchema {
    /// `changes` is a set: one row for each subscription and key that may have changed and is not yet known to be in step.
    ///
    /// `generation` counts what was told of the key; `first_ms` is when the oldest of it happened, `due_ms` when it runs next.
    /// `allowed`: a person, or a guard that saw the whole listing, has agreed to a delete. `change_failures` are keys that were
    /// given up, until they succeed. `change_deletes` counts deletes by the minute (of Unix). `parked_events` are bodies that
    /// nobody could read. `subscription_state` is what a subscription's own function keeps.
    static func registerChanges(_ migrator: inout DatabaseMigrator) {
        migrator.registerMigration("changes-1") { database in
            try database.execute(
                sql: """
                    CREATE TABLE subscriptions (
                        id INTEGER PRIMARY KEY,
                        name TEXT NOT NULL UNIQUE,
                        created_ms INTEGER NOT NULL,
                        scanned_ms INTEGER,
                        scan_begun_ms INTEGER,
                        scan_checkpoint BLOB,
                        scan_report TEXT
                    ) STRICT;
                    CREATE TABLE changes (
                        subscription INTEGER NOT NULL,
                        key BLOB NOT NULL,
                        generation INTEGER NOT NULL,
                        priority INTEGER NOT NULL,
                        first_ms INTEGER NOT NULL,
                        due_ms INTEGER NOT NULL,
                        attempts INTEGER NOT NULL DEFAULT 0,
                        allowed INTEGER NOT NULL DEFAULT 0,
                        PRIMARY KEY (subscription, key)
                    ) STRICT, WITHOUT ROWID;
                    CREATE INDEX changes_due ON changes (subscription, priority, due_ms);
                    CREATE INDEX changes_first ON changes (subscription, first_ms);
                    CREATE TABLE change_failures (
                        subscription INTEGER NOT NULL,
                        key BLOB NOT NULL,
                        kind TEXT NOT NULL,
                        message TEXT NOT NULL,
                        request_id TEXT NOT NULL,
                        attempts INTEGER NOT NULL,
                        first_ms INTEGER NOT NULL,
                        last_ms INTEGER NOT NULL,
                        PRIMARY KEY (subscription, key)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE change_deletes (
                        subscription INTEGER NOT NULL,
                        minute INTEGER NOT NULL,
                        count INTEGER NOT NULL,
                        PRIMARY KEY (subscription, minute)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE parked_events (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        received_ms INTEGER NOT NULL,
                        reason TEXT NOT NULL,
                        body BLOB NOT NULL
                    ) STRICT;
                    """)
        }
    }
}
