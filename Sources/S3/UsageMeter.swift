/// Counts requests and body bytes, by connection and class of request. Thread-safe; a parent, when there is one, counts too.
public final class UsageMeter: Sendable {
    public enum RequestClass: String, Sendable, CaseIterable, Codable { case list = "LIST", get = "GET", head = "HEAD", put = "PUT", copy = "COPY", delete = "DELETE", other = "OTHER" }
    public struct Line: Sendable, Equatable, Codable { public var connection: String; public var requestClass: RequestClass; public var requests: Int; public var bytesIn: Int64; public var bytesOut: Int64 }
    public init(parent: UsageMeter? = nil) { fatalError("skeleton") }
    /// Every attempt that reached the wire counts, retries included. bytesIn: received from the store; bytesOut: sent to it.
    public func record(connection: String, _ requestClass: RequestClass, bytesIn: Int64, bytesOut: Int64) { fatalError("skeleton") }
    public var lines: [Line] { fatalError("skeleton") }
}
