/// What an endpoint's owner charges for requests, in picodollars each. Storage is not guessed: what it costs depends on
/// how long an object stays.
public struct RequestPrices: Sendable, Equatable {
    /// PUT, COPY, POST and LIST.
    public var write: Int64
    /// GET, HEAD and everything else.
    public var read: Int64

    public init(write: Int64, read: Int64) {
        self.write = write
        self.read = read
    }

    /// One's own store.
    public static let free = RequestPrices(write: 0, read: 0)

    /// S3 Standard in us-east-1: 0.005 USD for 1,000 writes and listings, 0.0004 for 1,000 reads;
    /// deletes are free.
    ///
    /// Source: <https://aws.amazon.com/s3/pricing/>
    public static let s3Standard = RequestPrices(write: 5_000_000, read: 400_000)

    /// - Parameter requestClass: as in `InvocationUsage.Line`.
    public func price(of requestClass: String) -> Int64 {
        switch requestClass {
        case "PUT", "COPY", "POST", "LIST": write
        case "DELETE": 0
        default: read
        }
    }
}

/// Whether a connection's requests cost what the rate card says. As brigade.yaml and the ledger name it.
public enum StorePrices: String, Sendable, CaseIterable {
    /// One's own store.
    case free
    /// Amazon's, or another's at its prices.
    case s3Standard = "s3-standard"
}
