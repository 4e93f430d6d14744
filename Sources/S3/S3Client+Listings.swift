import Signing
import Transport
import XML

extension S3Client {
    /// One page. `startAfter` is used on the first page only (no token).
    ///
    /// The token is the client's own: pass it back as it came. `maxKeys` 1...1000.
    /// A page that is not certainly complete is an error, never a short page.
    public func listObjects(
        _ bucket: String, prefix: ObjectKey, startAfter: ObjectKey? = nil,
        delimiter: String? = nil, token: String? = nil, maxKeys: Int = 1000
    ) async throws(S3Error) -> ObjectPage {
        let asked = ListingQuery(
            bucket: bucket, prefix: prefix, startAfter: startAfter, delimiter: delimiter,
            maxKeys: maxKeys)
        if let token {
            guard let place = ListingPlace(token: token) else {
                throw S3Error(
                    kind: .invalidRequest, operation: "ListObjects", connection: connection.name,
                    bucket: bucket, message: "the token is none of this client's")
            }
            return try await page(asked, place, encoded: dialect.encodingType != .no)
        }
        // What the dialect says; where it says nothing yet, what a store might want instead.
        let known = dialect
        let forms: [(version: Int, encoded: Bool)] =
            switch (known.listVersion, known.encodingType) {
            case (1, .unknown): [(1, true), (1, false)]
            case (1, let encoding): [(1, encoding == .yes)]
            case (_, .unknown): [(2, true), (1, true), (2, false), (1, false)]
            case (_, let encoding): [(2, encoding == .yes), (1, encoding == .yes)]
            }
        var refusal: S3Error?
        for form in forms {
            let start: ListingPlace = form.version == 1 ? .marker(nil) : .continuation(nil)
            do throws(S3Error) {
                let page = try await page(asked, start, encoded: form.encoded)
                if form.version == 1, known.listVersion != 1 { learn { $0.listVersion = 1 } }
                if !form.encoded, known.encodingType == .unknown {
                    learn { $0.encodingType = .no }
                }
                return page
            } catch {
                let isForm =
                    error.kind == .notSupported
                    || (error.kind == .invalidRequest && error.code == "InvalidArgument")
                guard isForm else { throw error }
                refusal = refusal ?? error
            }
        }
        throw refusal!
    }

    /// A page that came damaged is asked for again: reading it changes nothing, and the wire may be to blame.
    private func document<Document>(
        of request: S3Request, _ parse: ([UInt8]) throws(XMLError) -> Document
    ) async throws(S3Error) -> Document {
        var request = request
        request.mayFailInBody = true
        var readings = 0
        while true {
            let response = try await perform(request)
            readings += 1
            do throws(XMLError) {
                return try parse(response.body)
            } catch {
                if readings < Self.readingsMaximum { continue }
                throw malformed(request, error.description)
            }
        }
    }

    private static var readingsMaximum: Int { 3 }

    private func page(
        _ asked: ListingQuery, _ place: ListingPlace, encoded: Bool
    ) async throws(S3Error) -> ObjectPage {
        let request = asked.request(place, encoded: encoded)
        let listing = try await document(of: request) { body throws(XMLError) in
            try ObjectListing(body)
        }
        if encoded, dialect.encodingType == .unknown {
            learn { $0.encodingType = listing.isEncoded ? .yes : .no }
        }
        if let problem = listing.problem { throw malformed(request, problem) }
        let next: ListingPlace?
        switch place {
        case _ where !listing.isTruncated: next = nil
        case .continuation(let current):
            if let token = listing.nextToken {
                guard token != current else {
                    throw malformed(request, "the listing does not go on")
                }
                next = .continuation(token)
            } else if listing.hasMarker, let last = listing.lastKey {
                // The store took version 2 for version 1.
                learn { $0.listVersion = 1 }
                next = .marker(listing.nextMarker ?? last)
            } else {
                throw malformed(request, "the listing is cut off without a token to go on")
            }
        case .marker(let current):
            guard let marker = listing.nextMarker ?? listing.lastKey, marker != current else {
                throw malformed(request, "the listing is cut off without a marker to go on")
            }
            next = .marker(marker)
        }
        state.noteSeen(bucket: asked.bucket)
        return ObjectPage(
            objects: listing.objects, commonPrefixes: listing.commonPrefixes,
            nextToken: next?.token)
    }

    /// One page of all versions and delete markers. `maxKeys` 1...1000.
    public func listObjectVersions(
        _ bucket: String, prefix: ObjectKey, delimiter: String? = nil,
        keyMarker: ObjectKey? = nil, versionIDMarker: String? = nil, maxKeys: Int = 1000
    ) async throws(S3Error) -> VersionPage {
        var request = S3Request("ListObjectVersions", .list, .get, bucket: bucket)
        request.ask("versions")
        if dialect.encodingType != .no { request.ask("encoding-type", "url") }
        if !prefix.isEmpty { request.ask("prefix", prefix) }
        if let delimiter { request.ask("delimiter", delimiter) }
        if let keyMarker { request.ask("key-marker", keyMarker) }
        if let versionIDMarker { request.ask("version-id-marker", versionIDMarker) }
        request.ask("max-keys", String(maxKeys))
        let listing = try await document(of: request) { body throws(XMLError) in
            try VersionListing(body)
        }
        if let problem = listing.problem { throw malformed(request, problem) }
        guard listing.isTruncated else {
            return VersionPage(
                versions: listing.versions, commonPrefixes: listing.commonPrefixes)
        }
        guard let next = listing.nextKeyMarker ?? listing.versions.last?.object.key,
            next != keyMarker || listing.nextVersionIDMarker != versionIDMarker
        else { throw malformed(request, "the listing is cut off without a marker to go on") }
        return VersionPage(
            versions: listing.versions, commonPrefixes: listing.commonPrefixes,
            nextKeyMarker: next,
            nextVersionIDMarker: listing.nextVersionIDMarker
                ?? (listing.nextKeyMarker == nil ? listing.versions.last?.versionID : nil))
    }
}

/// What is listed, whatever the page.
struct ListingQuery {
    var bucket: String
    var prefix: ObjectKey
    var startAfter: ObjectKey?
    var delimiter: String?
    var maxKeys: Int

    func request(_ place: ListingPlace, encoded: Bool) -> S3Request {
        var request = S3Request("ListObjects", .list, .get, bucket: bucket)
        switch place {
        case .continuation(let token):
            request.operation = "ListObjectsV2"
            request.ask("list-type", "2")
            if let token {
                request.ask("continuation-token", token)
            } else if let startAfter, !startAfter.isEmpty {
                request.ask("start-after", startAfter)
            }
        case .marker(let marker):
            if let marker = marker ?? startAfter, !marker.isEmpty { request.ask("marker", marker) }
        }
        if encoded { request.ask("encoding-type", "url") }
        if let delimiter { request.ask("delimiter", delimiter) }
        if !prefix.isEmpty { request.ask("prefix", prefix) }
        request.ask("max-keys", String(maxKeys))
        return request
    }
}

/// Where a page of a listing begins, and by which version of the operation it is asked for.
enum ListingPlace: Equatable {
    case continuation(String?)
    case marker(ObjectKey?)

    /// As callers hold it.
    var token: String {
        switch self {
        case .continuation(let token): "2" + (token ?? "")
        case .marker(let marker): "1" + URIEncoding.encode(marker?.bytes ?? [], keepSlash: true)
        }
    }

    init?(token: String) {
        let rest = token.dropFirst()
        switch token.utf8.first {
        case 0x31:
            guard let bytes = URIEncoding.decode(rest) else { return nil }
            self = .marker(ObjectKey(bytes))
        case 0x32: self = .continuation(String(rest))
        default: return nil
        }
    }
}
