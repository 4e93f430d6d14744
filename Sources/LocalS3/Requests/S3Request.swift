import NIOHTTP1
import Signing

/// A request with its target taken apart: nothing is normalised, the bytes of the path are the key.
struct S3Request: Sendable {
    static let keyBytesMaximum = 1_024
    /// Target, names and values of all headers. S3 takes 8 KiB of headers; the longest targets that it takes (a prefix, a
    /// delimiter and two keys, percent-encoded) and a copy's source are some 16 KiB.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>
    static let headBytesMaximum = 32 << 10
    /// User metadata of 2 KiB can be some 500 headers.
    static let headerCountMaximum = 600

    static let headLimits = {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderListSize = headBytesMaximum
        limits.maxHeaderFieldSize = headBytesMaximum
        limits.maxHeaderFieldCount = headerCountMaximum
        return limits
    }()

    let method: HTTPMethod
    /// As sent, for the signature and the error document.
    let rawPath: String
    let rawQuery: String
    let headers: HTTPHeaders
    /// "" for the service itself.
    let bucket: String
    /// Empty for the bucket itself.
    let key: [UInt8]
    let query: [NamedValue]
    let requestID: String
    /// The address it came from, for notifications.
    var clientAddress = ""
    /// Whose signature it bears, once that is checked.
    var accessKeyID = ""

    /// - Throws: ``S3Failure`` with `InvalidURI` or `KeyTooLongError`.
    init(_ head: HTTPRequestHead, requestID: String) throws(S3Failure) {
        method = head.method
        headers = head.headers
        self.requestID = requestID
        try Self.refuseDoubles(head.headers)
        var target = Substring(head.uri)
        if !target.hasPrefix("/") {
            // The absolute form, which proxies are sent.
            guard let scheme = target.firstRange(of: "://"),
                let slash = target[scheme.upperBound...].firstIndex(of: "/")
            else { throw S3Failure(.invalidURI) }
            target = target[slash...]
        }
        let mark = target.utf8.firstIndex(of: UInt8(ascii: "?"))
        let path = target[..<(mark ?? target.endIndex)]
        rawPath = String(path)
        rawQuery = mark.map { String(target[target.utf8.index(after: $0)...]) } ?? ""
        let resource = path.utf8.dropFirst()
        let slash = resource.firstIndex(of: UInt8(ascii: "/"))
        bucket = String(resource[..<(slash ?? resource.endIndex)]) ?? ""
        if let slash {
            let rest = Substring(resource[resource.index(after: slash)...])
            guard let decoded = URIEncoding.decode(rest), Self.isUTF8(decoded) else {
                throw S3Failure(.invalidURI)
            }
            guard decoded.count <= Self.keyBytesMaximum else { throw S3Failure(.keyTooLong) }
            key = decoded
        } else {
            key = []
        }
        query = try Self.parse(query: rawQuery)
    }

    /// The value of a query parameter; "" when it has none, nil when it is not there.
    func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }

    /// The id of the version that is meant; nil for the current one.
    var version: String? { parameter("versionId") }

    /// The first header of that name, as given.
    func header(_ name: String) -> String? { headers.first(name: name) }

    /// The signature is of one of each; another that it does not cover could mean something else to somebody on the way.
    private static func refuseDoubles(_ headers: HTTPHeaders) throws(S3Failure) {
        var seen: Set<String> = []
        for (name, _) in headers {
            // Only by their lengths: most are none of them, and each request is looked at.
            switch name.utf8.count {
            case 4, 10, 13, 20: break
            default: continue
            }
            let lower = name.lowercased()
            switch lower {
            case "host", "x-amz-date", "authorization", "x-amz-content-sha256":
                guard seen.insert(lower).inserted else {
                    throw S3Failure(.badRequest, "The \(lower) header must be given once.")
                }
            default: continue
            }
        }
    }

    private static func parse(query: String) throws(S3Failure) -> [NamedValue] {
        guard !query.isEmpty else { return [] }
        var pairs: [NamedValue] = []
        for piece in query.utf8.split(separator: UInt8(ascii: "&")) {
            let equals = piece.firstIndex(of: UInt8(ascii: "="))
            let name = Substring(piece[..<(equals ?? piece.endIndex)])
            let value = equals.map { Substring(piece[piece.index(after: $0)...]) } ?? ""
            pairs.append(NamedValue(try decode(name), try decode(value)))
        }
        return pairs
    }

    private static func decode(_ text: Substring) throws(S3Failure) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") })
        else { return String(text) }
        guard let bytes = URIEncoding.decode(text, plusIsSpace: true), isUTF8(bytes) else {
            throw S3Failure(.invalidURI)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isUTF8(_ bytes: [UInt8]) -> Bool {
        bytes.allSatisfy { $0 < 128 } || String(validating: bytes, as: UTF8.self) != nil
    }
}
