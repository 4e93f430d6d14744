import GRDB

extension StateSchema {
    /// The ledger: one row an invocation, and the sums that answer for a month without reading them.
    ///
    /// Names that repeat in every row (functions, connections) stand once and are numbered. `run_id` is 0 for invocations
    /// of the runtime, each of which begins a trace of its own; those rows carry the trace.
    static func registerLedger(_ migrator: inout DatabaseMigrator) {
        migrator.registerMigration("ledger-1") { database in
            try database.execute(sql: runs)
            try database.execute(sql: names)
            try database.execute(sql: invocations)
            try database.execute(sql: sums)
        }
    }

    private static let runs = """
        CREATE TABLE ledger_runs (
            id INTEGER PRIMARY KEY,
            run TEXT NOT NULL UNIQUE,
            command TEXT NOT NULL,
            label TEXT NOT NULL,
            start_us INTEGER NOT NULL,
            end_us INTEGER
        ) STRICT;
        CREATE INDEX ledger_runs_start ON ledger_runs (start_us, id);
        """

    private static let names = """
        CREATE TABLE ledger_functions (
            id INTEGER PRIMARY KEY,
            function TEXT NOT NULL,
            version TEXT NOT NULL,
            alias TEXT NOT NULL,
            rule TEXT NOT NULL,
            memory_mb INTEGER NOT NULL,
            UNIQUE (function, version, alias, rule, memory_mb)
        ) STRICT;
        CREATE TABLE ledger_accounts (
            id INTEGER PRIMARY KEY,
            connection TEXT NOT NULL,
            class TEXT NOT NULL,
            prices TEXT NOT NULL,
            UNIQUE (connection, class, prices)
        ) STRICT;
        """

    /// `usage` is JSON, `[[account, requests, bytes in, bytes out], …]`. `error_type` and the rest are null as a rule.
    private static let invocations = """
        CREATE TABLE ledger_invocations (
            id INTEGER PRIMARY KEY,
            run_id INTEGER NOT NULL,
            function_id INTEGER NOT NULL,
            request BLOB NOT NULL,
            start_us INTEGER NOT NULL,
            duration_ns INTEGER NOT NULL,
            init_ns INTEGER NOT NULL,
            status INTEGER NOT NULL,
            attempt INTEGER NOT NULL,
            usage TEXT,
            parent BLOB,
            cold INTEGER,
            max_memory_mb INTEGER,
            error_type TEXT,
            trace TEXT
        ) STRICT;
        CREATE INDEX ledger_invocations_trace ON ledger_invocations (trace) WHERE trace IS NOT NULL;
        """

    /// By day (of Unix, UTC). Billed milliseconds depend on a card's steps: `plain_…` are of the duration alone, `init_…`
    /// with the init phase, each in steps of 1 and of 100. Other steps are counted from the rows.
    private static let sums = """
        CREATE TABLE ledger_sums (
            run_id INTEGER NOT NULL,
            function_id INTEGER NOT NULL,
            day INTEGER NOT NULL,
            invocations INTEGER NOT NULL,
            errors INTEGER NOT NULL,
            cold INTEGER NOT NULL,
            duration_ns INTEGER NOT NULL,
            plain_1ms INTEGER NOT NULL,
            plain_100ms INTEGER NOT NULL,
            init_1ms INTEGER NOT NULL,
            init_100ms INTEGER NOT NULL,
            buckets TEXT NOT NULL,
            PRIMARY KEY (day, run_id, function_id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE ledger_usage (
            run_id INTEGER NOT NULL,
            function_id INTEGER NOT NULL,
            day INTEGER NOT NULL,
            account_id INTEGER NOT NULL,
            requests INTEGER NOT NULL,
            bytes_in INTEGER NOT NULL,
            bytes_out INTEGER NOT NULL,
            PRIMARY KEY (day, run_id, function_id, account_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX ledger_sums_run ON ledger_sums (run_id);
        CREATE INDEX ledger_usage_run ON ledger_usage (run_id);
        """
}
