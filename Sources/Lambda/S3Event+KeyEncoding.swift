extension S3Event {
    /// How a sender wrote an object's key into its event.
    public enum KeyEncoding: String, Sendable, Codable {
        /// Percent-encoded with `+` for a blank: AWS, MinIO.
        case form
        /// Percent-encoded; `+` is a plus.
        case percent
        /// The key itself: Ceph.
        case plain
    }
}

extension S3Event.Record {
    /// By who sent it: a raw key that holds `+` or `%41` would be spoilt by decoding it.
    ///
    /// Source: `rgw_pubsub.cc` in <https://github.com/ceph/ceph>, which writes the key as it is.
    public var keyEncoding: S3Event.KeyEncoding {
        eventSource == "ceph:s3" ? .plain : .form
    }
}

extension S3Event.Object {
    /// The key's bytes, or nil where a `%` is not followed by two hexadecimal digits.
    public func keyBytes(_ encoding: S3Event.KeyEncoding = .form) -> [UInt8]? {
        if encoding == .plain { return Array(key.utf8) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(key.utf8.count)
        var rest = key.utf8.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(Self.hexDigit),
                    let low = rest.next().flatMap(Self.hexDigit)
                else { return nil }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where encoding == .form:
                bytes.append(UInt8(ascii: " "))
            default:
                bytes.append(byte)
            }
        }
        return bytes
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
