import Signing

/// A request's body when all of it has come and all that was claimed of it has been found true.
struct ReceivedBody: Sendable {
    /// An object's or a part's bytes; empty for other requests.
    var staged = StagedBody.empty
    /// A document's bytes; empty for other requests.
    var document: [UInt8] = []
    /// Of an object or a part.
    var md5: [UInt8] = []
    /// The checksum that the client gave or asked for, as it was calculated here.
    var checksum: StoredChecksum?

    static let none = ReceivedBody()
}
