import Transport

/// Counts requests and body bytes, by connection and class of request. Thread-safe; a parent, when there is one, counts too.
public final class UsageMeter: Sendable {
    public enum RequestClass: String, Sendable, CaseIterable, Codable {
        case list = "LIST"
        case get = "GET"
        case head = "HEAD"
        case put = "PUT"
        case copy = "COPY"
        case delete = "DELETE"
        case other = "OTHER"
    }

    public struct Line: Sendable, Equatable, Codable {
        public var connection: String
        public var requestClass: RequestClass
        public var requests: Int
        /// Body bytes received from the store.
        public var bytesIn: Int64
        /// Body bytes sent to the store.
        public var bytesOut: Int64

        public init(
            connection: String, requestClass: RequestClass, requests: Int, bytesIn: Int64,
            bytesOut: Int64
        ) {
            self.connection = connection
            self.requestClass = requestClass
            self.requests = requests
            self.bytesIn = bytesIn
            self.bytesOut = bytesOut
        }
    }

    private let parent: UsageMeter?
    /// A handful at most: connections times classes. A scan is cheaper than a table.
    private let counted = Locked<[Line]>([])

    public init(parent: UsageMeter? = nil) { self.parent = parent }

    /// Every attempt that reached the wire counts, retries included. bytesIn: received from the store; bytesOut: sent to it.
    public func record(
        connection: String, _ requestClass: RequestClass, bytesIn: Int64, bytesOut: Int64
    ) {
        counted.withLock { lines in
            for index in lines.indices
            where lines[index].requestClass == requestClass
                && lines[index].connection == connection
            {
                lines[index].requests += 1
                lines[index].bytesIn += bytesIn
                lines[index].bytesOut += bytesOut
                return
            }
            lines.append(
                Line(
                    connection: connection, requestClass: requestClass, requests: 1,
                    bytesIn: bytesIn, bytesOut: bytesOut))
        }
        parent?.record(
            connection: connection, requestClass, bytesIn: bytesIn, bytesOut: bytesOut)
    }

    /// What was counted so far, in the order first seen.
    public var lines: [Line] { counted.withLock { $0 } }
}
