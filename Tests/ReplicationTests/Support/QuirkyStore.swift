import Foundation
import Glibc
import Signing
import TestSupport
import Transport

/// An S3 endpoint in memory that can be as odd as real ones are: for what no well-behaved server
/// shows. Checks no signatures; any bucket exists, but for the ones named missing.
final class QuirkyStore: Sendable {
    struct Quirks: Sendable {
        enum ETags: Sendable { case md5, opaque, kms }
        enum MultipartETags: Sendable { case standard, wholeMD5, opaque }
        enum Tagging: Sendable {
            case kept, ignored, refused
            /// Has tags, and refuses these; the second one stores the object all the same.
            case invalid, invalidLate
            /// Takes them with an object, and denies to set them alone.
            case denied
        }
        enum Conditions: Sendable { case honoured, ignored, refused, ifMatchBroken }
        /// Of object lock's headers.
        enum Locks: Sendable { case ignored, refused, kept }
        var eTags = ETags.md5
        var multipartETags = MultipartETags.standard
        var tagging = Tagging.kept
        var conditions = Conditions.honoured
        var locks = Locks.ignored
        /// Knows canned ACLs; else refuses all but "private".
        var hasACLs = false
        var isVersioned = false
        /// Forgets user metadata.
        var stripsMetadata = false
        /// Refuses a PUT without Content-MD5.
        var wantsContentMD5 = false
        /// The server-side encryption that answers to writes tell.
        var encryption: String?
        /// Sends an ETag when it has stored something.
        var tellsETags = true
        /// GetObjectAttributes tells the sizes of parts.
        var hasAttributes = false
        /// Smaller parts are refused, but for the last.
        var minPartBytes = 0
        /// `?partNumber=` tells the part.
        var readsParts = true
        var copiesParts = true
        /// CopyObject adds metadata of its own, where there is none of that name.
        var marksCopies = false
        /// CopyObject leaves the user metadata and the tags behind.
        var losesOnCopy = false
        /// CopyObject keeps the old metadata whatever it is told.
        var replacesOnCopy = true
        /// All parts but the last must be of one size.
        var wantsRegularParts = false
        /// Sends x-amz-checksum-crc32 when asked.
        var hasChecksums = false
        /// What is stored is not what was sent: the byte at this index is inverted.
        var damagesStoredByte: Int?
        var archived: Set<String> = []
        var missingBuckets: Set<String> = []
        init() {}
    }

    struct Object: Sendable {
        var body: [UInt8]
        var eTag: String
        var headers: [String: String]
        var tags: String?
        var acl = "private"
        var versionID: String?
        /// Sizes, when it was uploaded in parts.
        var parts: [Int]?
        /// Unix seconds.
        var modified: Int64
    }

    struct Upload: Sendable {
        var path: String
        var headers: [String: String]
        var tags: String?
        var acl = "private"
        var parts: [Int: [UInt8]] = [:]
        var initiated: Int64
    }

    struct State: Sendable {
        var quirks: Quirks
        /// By "/bucket/key" as sent.
        var objects: [String: Object] = [:]
        /// All versions, oldest first, where there are versions.
        var versions: [String: [Object]] = [:]
        var uploads: [String: Upload] = [:]
        var counter = 0
        /// "PUT /bucket/key?query", in order.
        var log: [String] = []
        /// Added to the clock, to make one object newer than another.
        var clockOffset: Int64 = 0
    }

    let port: Int
    private let listener: Int32
    private let state: Locked<State>

    init(_ quirks: Quirks = Quirks()) throws {
        (listener, port) = try LoopbackSocket.listen()
        state = Locked(State(quirks: quirks))
        LoopbackSocket.acceptForever(listener) { [weak self] connection in
            self?.serve(connection)
            close(connection)
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    var objects: [String: Object] { state.withLock { $0.objects } }
    var versions: [String: [Object]] { state.withLock { $0.versions } }
    var uploads: [String: Upload] { state.withLock { $0.uploads } }
    var log: [String] { state.withLock { $0.log } }

    func change(_ change: @Sendable (inout State) -> Void) {
        state.withLock { state in
            var copy = state
            change(&copy)
            state = copy
        }
    }

    /// Puts an object there directly; with sizes, as if it had been uploaded in such parts.
    func seed(
        _ path: String, _ body: [UInt8], headers: [String: String] = [:], tags: String? = nil,
        parts: [Int]? = nil
    ) {
        state.withLock { state in
            state.counter += 1
            var eTag = state.eTag(body)
            if let parts {
                var rest = body[...]
                let digests = parts.map { size -> [UInt8] in
                    defer { rest = rest.dropFirst(size) }
                    return Checksum.of(Array(rest.prefix(size)), .md5)
                }
                eTag = state.multipartETag(body, digests)
            }
            state.store(
                Object(
                    body: body, eTag: eTag, headers: headers, tags: tags, parts: parts,
                    modified: state.now), at: path)
        }
    }

    private func serve(_ connection: Int32) {
        let reader = MessageReader(connection)
        while let head = reader.head() {
            if head["expect"] != nil {
                LoopbackSocket.send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8), to: connection)
            }
            guard let body = reader.exactly(head.contentLength ?? 0) else { return }
            let call = Call(head, body)
            let answer = state.withLock { state in
                state.log.append("\(call.method) \(call.target)")
                return state.answer(call)
            }
            var fields = answer.headers.map { (name: $0.key, value: $0.value) }
            let length = answer.length ?? answer.body.count
            fields.append(("Content-Length", String(length)))
            let head = MessageHead(first: "HTTP/1.1 \(answer.status) Answer", fields: fields)
            let payload = call.method == "HEAD" ? [] : answer.body
            guard LoopbackSocket.send(head.bytes + payload, to: connection) else { return }
        }
    }
}

/// One request, taken apart.
struct Call: Sendable {
    var method: String
    var target: String
    var path: String
    var query: [String: String]
    var head: MessageHead
    var body: [UInt8]

    init(_ head: MessageHead, _ body: [UInt8]) {
        let words = head.first.split(separator: " ").map(String.init)
        method = words[0]
        target = words[1]
        let halves = target.split(separator: "?", maxSplits: 1).map(String.init)
        path = halves[0]
        query = [:]
        for pair in (halves.count > 1 ? halves[1] : "").split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1).map(String.init)
            query[sides[0]] = sides.count > 1 ? sides[1].removingPercentEncoding : ""
        }
        self.head = head
        self.body = body
    }

    /// What this store keeps with an object.
    func objectHeaders(_ quirks: QuirkyStore.Quirks) -> [String: String] {
        var kept: [String: String] = [:]
        for (name, value) in head.fields {
            let name = name.lowercased()
            let isKept =
                name.hasPrefix("x-amz-meta-") && !quirks.stripsMetadata
                || name.hasPrefix("x-amz-object-lock-") && quirks.locks == .kept
                || Self.kept.contains(name)
            if isKept { kept[name] = value }
        }
        return kept
    }

    var hasLock: Bool {
        head.fields.contains { $0.name.lowercased().hasPrefix("x-amz-object-lock-") }
    }

    private static let kept: Set<String> = [
        "content-type", "content-encoding", "content-language", "content-disposition",
        "cache-control", "expires", "x-amz-storage-class", "x-amz-website-redirect-location",
    ]
}

struct Answer: Sendable {
    var status = 200
    var headers: [String: String] = [:]
    var body: [UInt8] = []
    /// Of a HEAD's body, which is not sent.
    var length: Int?

    init(_ status: Int, headers: [String: String] = [:], _ text: String = "") {
        self.status = status
        self.headers = headers
        body = Array(text.utf8)
    }

    static func error(_ status: Int, _ code: String) -> Answer {
        Answer(
            status, headers: ["Content-Type": "application/xml"],
            "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>\(code)</Message></Error>")
    }
}
