import Glibc
import NIOCore

/// How many connections there may be, what they may hold, and how long each may wait for its client. Tests make them smaller.
struct ConnectionLimits: Sendable {
    var connections = 2_048
    /// Of the bodies of all requests that are not whole.
    var bufferedBytes = 512 << 20
    /// A connection that neither sends nor takes a byte for so long, while its client is waited for, is closed.
    var idle = TimeAmount.seconds(60)
    /// From the first bytes of a request's head to its end.
    var head = TimeAmount.seconds(10)
    /// A body has this long, and longer by what has come of it at the least rate.
    var body = TimeAmount.seconds(20)
    /// The least rate: bytes a second.
    var bodyRate = 16 << 10
    /// How long a client may go on sending after a refusal before the connection is cut.
    var linger = TimeAmount.seconds(5)

    /// Half of the descriptors that the process may have are left to what it runs.
    static func standard() -> ConnectionLimits {
        var limits = ConnectionLimits()
        var allowed = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &allowed) == 0 {
            let half = Int(min(allowed.rlim_cur / 2, rlim_t(limits.connections)))
            limits.connections = max(16, half)
        }
        return limits
    }

    /// The latest that a body may be unfinished, from its beginning.
    func time(forBytes count: Int) -> TimeAmount {
        body + .milliseconds(Int64(count) * 1000 / Int64(bodyRate))
    }
}
