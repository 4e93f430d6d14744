extension S3Event {
    /// How a sender wrote an object's key into its event.
    public enum KeyEncoding: String, Sendable, Codable {
        /// Percent-encoded with `+` for a blank: AWS, MinIO.
        case form
        /// Percent-encoded; `+` is a plus: S3 Batch Operations.
        case percent
        /// The key itself: Ceph, EventBridge, R2.
        case plain
    }
}

extension S3Event.Record {
    /// What EventBridge calls S3.
    static let eventBridge = "aws.s3"
    /// R2 does not name itself: this is our name for it.
    static let r2 = "cloudflare:r2"

    /// As it is stated, else by who sent it: a raw key that holds `+` or `%41` would be spoilt by decoding it.
    ///
    /// Source: `rgw_pubsub.cc` in <https://github.com/ceph/ceph>, which writes the key as it is.
    public var keyEncoding: S3Event.KeyEncoding {
        statedKeyEncoding
            ?? (["ceph:s3", Self.eventBridge, Self.r2].contains(eventSource) ? .plain : .form)
    }

    /// Takes a key as it came, also where its bytes are not UTF-8.
    mutating func setKey(_ bytes: [UInt8], _ encoding: S3Event.KeyEncoding) {
        let written = S3Event.Object.writable(bytes, encoding)
        s3.object.key = written.key
        if written.encoding != keyEncoding { statedKeyEncoding = written.encoding }
    }
}

extension S3Event.Object {
    /// A key as text. Where its bytes are not UTF-8 they are percent-encoded, which says the same in every encoding but the plain one.
    static func writable(
        _ bytes: [UInt8], _ encoding: S3Event.KeyEncoding
    ) -> (key: String, encoding: S3Event.KeyEncoding) {
        if let key = String(validating: bytes, as: UTF8.self) { return (key, encoding) }
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            if byte >= 0x80 || encoding == .plain && byte == UInt8(ascii: "%") {
                text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            } else {
                text.append(byte)
            }
        }
        return (
            String(decoding: text, as: UTF8.self), encoding == .plain ? .percent : encoding
        )
    }

    /// The key's bytes, or nil where a `%` is not followed by two hexadecimal digits.
    public func keyBytes(_ encoding: S3Event.KeyEncoding = .form) -> [UInt8]? {
        if encoding == .plain { return Array(key.utf8) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(key.utf8.count)
        var rest = key.utf8.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(JSONScanner.hexDigit),
                    let low = rest.next().flatMap(JSONScanner.hexDigit)
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
}
