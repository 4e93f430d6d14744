import S3
import Signing

/// One multipart upload as the journal knows it.
///
/// On disk: lines of tab-separated fields, the free ones percent-encoded.
///
///     begin <id> <Unix ms> <connection> <endpoint> <bucket> <key>
///     started <id> <upload id>
///     ended <id>
struct JournalEntry: Sendable, Equatable {
    var id: Int
    /// Unix milliseconds, by this machine's clock.
    var intendedAt: Int64
    var connection: String
    /// "http://127.0.0.1:9000"
    var endpoint: String
    var bucket: String
    var key: ObjectKey
    /// nil while the store has not told it, or when the process died before noting it.
    var uploadID: String?

    var beginLine: [UInt8] {
        Self.line([
            "begin", String(id), String(intendedAt), Self.encode(connection.utf8),
            Self.encode(endpoint.utf8), Self.encode(bucket.utf8), Self.encode(key.bytes),
        ])
    }

    static func startedLine(_ id: Int, _ uploadID: String) -> [UInt8] {
        line(["started", String(id), encode(uploadID.utf8)])
    }

    static func endedLine(_ id: Int) -> [UInt8] { line(["ended", String(id)]) }

    /// The uploads that a journal leaves open, in the order they were begun. A last line that was
    /// cut off and lines of another form are passed over.
    static func open(in journal: [UInt8]) -> [JournalEntry] {
        var entries: [Int: JournalEntry] = [:]
        var rest = journal[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let fields = rest[..<end].split(
                separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false
            ).map { String(decoding: $0, as: UTF8.self) }
            rest = rest[(end + 1)...]
            guard fields.count >= 2, let id = Int(fields[1]) else { continue }
            switch (fields[0], fields.count) {
            case ("begin", 7): entries[id] = JournalEntry(id: id, fields)
            case ("started", 3): entries[id]?.uploadID = decode(fields[2]).map(text)
            case ("ended", 2): entries[id] = nil
            default: continue
            }
        }
        return entries.values.sorted { $0.id < $1.id }
    }

    private init?(id: Int, _ fields: [String]) {
        guard let time = Int64(fields[2]), let connection = Self.decode(fields[3]),
            let endpoint = Self.decode(fields[4]), let bucket = Self.decode(fields[5]),
            let key = Self.decode(fields[6])
        else { return nil }
        self.init(
            id: id, intendedAt: time, connection: Self.text(connection),
            endpoint: Self.text(endpoint), bucket: Self.text(bucket), key: ObjectKey(key))
    }

    private static func line(_ fields: [String]) -> [UInt8] {
        Array((fields.joined(separator: "\t") + "\n").utf8)
    }

    private static func encode(_ bytes: some Sequence<UInt8>) -> String {
        URIEncoding.encode(bytes, keepSlash: false)
    }

    private static func decode(_ field: String) -> [UInt8]? { URIEncoding.decode(field) }
    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}

extension JournalEntry {
    init(
        id: Int, intendedAt: Int64, connection: String, endpoint: String, bucket: String,
        key: ObjectKey
    ) {
        self.id = id
        self.intendedAt = intendedAt
        self.connection = connection
        self.endpoint = endpoint
        self.bucket = bucket
        self.key = key
        uploadID = nil
    }
}
