import Signing
import Transport

/// S3 operations on one connection: build, sign, send, classify, retry. A cheap value: copies share the connection's
/// learnt state (dialect, region, clock offset, concurrency limit).
///
/// Every operation throws ``S3Error`` after its retries; cancelling the task ends it with the kind `cancelled`.
public struct S3Client: Sendable {
    let state: ConnectionState
    let transport: HTTPTransport
    let retry: RetryPolicy
    let meter: UsageMeter?

    public var connection: S3Connection { state.connection }

    public init(
        _ connection: S3Connection, transport: HTTPTransport, retry: RetryPolicy = .init(),
        meter: UsageMeter? = nil
    ) {
        self.init(
            state: ConnectionState(connection), transport: transport, retry: retry, meter: meter)
    }

    private init(
        state: ConnectionState, transport: HTTPTransport, retry: RetryPolicy, meter: UsageMeter?
    ) {
        self.state = state
        self.transport = transport
        self.retry = retry
        self.meter = meter
    }

    /// The same client, counting into this meter.
    public func metered(by meter: UsageMeter) -> S3Client {
        S3Client(state: state, transport: transport, retry: retry, meter: meter)
    }

    /// The dialect as configured and learnt so far.
    public var dialect: Dialect { state.dialect }

    public func learn(_ change: (inout Dialect) -> Void) { state.learn(change) }

    /// True when both clients speak to the same endpoint with the same credentials: a server-side copy may work.
    public func sharesEndpoint(with other: S3Client) -> Bool {
        if state === other.state { return true }
        let mine = state.connection
        let theirs = other.state.connection
        return mine.scheme == theirs.scheme && mine.authority == theirs.authority
            && mine.region == theirs.region
            && mine.credentials.origin == theirs.credentials.origin
    }

    /// How many requests the endpoint gets at a time now; it falls when the store asks to slow down.
    public var concurrencyLimit: Int { state.gate.limit }
}
