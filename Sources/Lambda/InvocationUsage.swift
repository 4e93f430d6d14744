import Transport

/// What one invocation used at S3 endpoints, by connection and class of request. Thread-safe.
///
/// Its size is bounded by the number of connections times the number of classes, never by the work done.
public final class InvocationUsage: Sendable {
    /// One connection's requests of one class.
    public struct Line: Sendable, Equatable, Codable {
        public var connection: String
        /// "LIST", "GET", "HEAD", "PUT", "COPY", "DELETE" or "OTHER".
        public var requestClass: String
        /// Every attempt that reached the wire, retries included.
        public var requests: Int
        /// Body bytes received from the store.
        public var bytesIn: Int64
        /// Body bytes sent to the store.
        public var bytesOut: Int64

        public init(
            connection: String, requestClass: String, requests: Int, bytesIn: Int64,
            bytesOut: Int64
        ) {
            self.connection = connection
            self.requestClass = requestClass
            self.requests = requests
            self.bytesIn = bytesIn
            self.bytesOut = bytesOut
        }

        public mutating func add(_ other: Line) {
            requests += other.requests
            bytesIn += other.bytesIn
            bytesOut += other.bytesOut
        }

        /// More than anybody does in the 900 seconds that an invocation has at most: a line that says so is not true, and
        /// sums of such lines would not fit.
        static let requestsMaximum = 100_000_000
        static let bytesMaximum: Int64 = 1 << 44

        var isPossible: Bool {
            (0...Self.requestsMaximum).contains(requests)
                && (0...Self.bytesMaximum).contains(bytesIn)
                && (0...Self.bytesMaximum).contains(bytesOut)
        }

        public func isSameAccount(as other: Line) -> Bool {
            requestClass == other.requestClass && connection == other.connection
        }
    }

    private let state = Locked<[Line]>([])

    public init() {}

    public func record(_ line: Line) {
        state.withLock { $0.account(line) }
    }

    /// In the order in which each account was first used.
    public var lines: [Line] {
        state.withLock { $0 }
    }
}

extension [InvocationUsage.Line] {
    /// Of one invocation, at most: more of them are not counted.
    static var accountsMaximum: Int { 1000 }

    /// Adds to the line of the same connection and class, or appends. A linear search, because there
    /// are rarely more than six accounts. What would be more than is possible is not counted.
    public mutating func account(_ line: InvocationUsage.Line) {
        for index in indices where self[index].isSameAccount(as: line) {
            var sum = self[index]
            sum.add(line)
            if sum.isPossible { self[index] = sum }
            return
        }
        if count < Self.accountsMaximum { append(line) }
    }
}
