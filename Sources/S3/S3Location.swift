/// Where objects are: `s3://bucket/prefix`, or `s3://CONNECTION@bucket/prefix`.
public struct S3Location: Sendable, Hashable, CustomStringConvertible {
    /// nil: the default connection.
    public var connection: String?
    public var bucket: String
    /// Everything after the bucket's slash, byte for byte; empty for the whole bucket.
    public var prefix: ObjectKey

    public init(connection: String? = nil, bucket: String, prefix: ObjectKey = "") {
        self.connection = connection
        self.bucket = bucket
        self.prefix = prefix
    }

    /// Reads a location. The prefix is taken as it stands: nothing in it is decoded.
    public static func parse(_ text: String) throws(ConnectionError) -> S3Location {
        func refused(_ problem: String) -> ConnectionError {
            ConnectionError(origin: ObjectKey(text).description, problem: problem)
        }
        let form = "a location is s3://bucket/prefix or s3://CONNECTION@bucket/prefix"
        guard text.utf8.starts(with: "s3://".utf8) else { throw refused(form) }
        let rest = text.utf8.dropFirst(5)
        let slash = rest.firstIndex(of: 0x2F) ?? rest.endIndex
        var bucket = rest[..<slash]
        var connection: String?
        if let at = bucket.firstIndex(of: 0x40) {
            let name = String(Substring(bucket[..<at]))
            guard isConnectionName(name) else {
                // What stands before the '@' may be a key pair that was pasted here: not repeated.
                throw ConnectionError(
                    origin: "location",
                    problem: "the connection's name (before the '@') may hold letters, digits, "
                        + "'-' and '_' only; " + form)
            }
            connection = name
            bucket = bucket[bucket.index(after: at)...]
        }
        let name = String(Substring(bucket))
        if let problem = problem(bucketName: name) { throw refused(problem + "; " + form) }
        let prefix = slash < rest.endIndex ? Array(rest[rest.index(after: slash)...]) : []
        return S3Location(connection: connection, bucket: name, prefix: ObjectKey(prefix))
    }

    /// What is wrong with a bucket's name, or nil. As wide as any store is known to be: upper case, `_` and the `:` of
    /// tenants pass, which AWS refuses for new buckets only.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
    public static func problem(bucketName name: String) -> String? {
        let bytes = name.utf8
        if bytes.isEmpty { return "there is no bucket" }
        if bytes.count < 3 { return "a bucket's name has at least 3 characters" }
        if bytes.count > 255 {
            return "a bucket's name has at most 63 characters (255 in old ones)"
        }
        let isAllowed = bytes.allSatisfy { byte in
            isLetterOrDigit(byte) || byte == 0x2D || byte == 0x2E || byte == 0x5F || byte == 0x3A
        }
        if !isAllowed {
            return "a bucket's name holds lower-case letters, digits, '-' and '.' only"
        }
        guard isLetterOrDigit(bytes.first!), isLetterOrDigit(bytes.last!) else {
            return "a bucket's name begins and ends with a letter or a digit"
        }
        return nil
    }

    /// As it can be parsed again when the prefix is printable text.
    public var description: String {
        "s3://" + (connection.map { $0 + "@" } ?? "") + bucket
            + (prefix.isEmpty ? "" : "/" + prefix.description)
    }

    private static func isConnectionName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { isLetterOrDigit($0) || $0 == 0x2D || $0 == 0x5F }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }
}
