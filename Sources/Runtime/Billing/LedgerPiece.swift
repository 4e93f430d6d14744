import Lambda

/// A run, as the ledger knows it.
public struct LedgerRun: Sendable, Equatable {
    /// The row's number: rises with time.
    public var id: Int64
    /// The trace root.
    public var run: String
    public var command: String
    public var label: String
    public var startMicroseconds: Int64
    /// Nil: it has not ended, or its process was killed.
    public var endMicroseconds: Int64?
}

/// What one function did for one run on one day: the unit in which bills are made.
public struct LedgerPiece: Sendable, Equatable {
    /// One connection's requests of one class, and whether they are charged.
    public struct Usage: Sendable, Equatable {
        public var line: InvocationUsage.Line
        public var prices: StorePrices
    }

    /// Nil: of the runtime, whose invocations each begin a trace of their own.
    public var run: LedgerRun?
    /// Days of Unix, UTC.
    public var day: Int64
    /// Empty: requests beside the invocations.
    public var version: String
    public var alias: String
    public var rule: String
    public var cold: Int64
    /// Billed as the card asked for it.
    public var tally: InvocationTally
    public var usage: [Usage]

    /// Where it stands in its day: by the run's beginning; what the runtime did, at the end of its day.
    var moment: Int64 {
        run?.startMicroseconds ?? (day + 1) * 86_400_000_000 - 1
    }
}
