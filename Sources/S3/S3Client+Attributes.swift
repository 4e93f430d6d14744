import Signing
import Transport
import XML

extension S3Client {
    /// Part sizes from GetObjectAttributes, or nil when the store does not tell: it has not the operation, the object is
    /// not multipart, or only the number of its parts is known (AWS lists parts of uploads with checksums only).
    public func partSizes(_ object: ObjectAddress) async throws(S3Error) -> [Int64]? {
        guard dialect.objectAttributes != .no else { return nil }
        var sizes: [Int64] = []
        var marker = 0
        while true {
            var request = S3Request("GetObjectAttributes", .get, .get, object)
            request.ask("attributes")
            request.add("x-amz-object-attributes", "ObjectParts")
            request.add("x-amz-max-parts", "1000")
            if marker > 0 { request.add("x-amz-part-number-marker", String(marker)) }
            // Stores that have it not fail with 500, or send the object itself, of which little is read.
            request.attemptsMaximum = 2
            request.answerLimitBytes = 1 << 20
            let root: XMLNode
            do throws(S3Error) {
                root = try document(
                    try await perform(request), request, "GetObjectAttributesResponse")
            } catch {
                switch error.kind {
                case .notSupported, .malformedAnswer, .tooLarge:
                    learn { $0.objectAttributes = .no }
                    return nil
                case .unavailable where error.status == 500: return nil
                default: throw error
                }
            }
            guard let parts = root["ObjectParts"] else { return nil }
            let page = parts.all("Part").compactMap { $0.value("Size").flatMap { Int64($0) } }
            sizes += page
            if parts.value("IsTruncated") == "true" {
                guard !page.isEmpty,
                    let next = parts.value("NextPartNumberMarker").flatMap({ Int($0) }),
                    next > marker
                else { return nil }
                marker = next
                continue
            }
            let count = (parts.value("TotalPartsCount") ?? parts.value("PartsCount"))
                .flatMap { Int($0) }
            return sizes.isEmpty || count ?? sizes.count != sizes.count ? nil : sizes
        }
    }

    /// A URL that needs no more credentials. `expires`: 1...604,800 seconds.
    public func presignedURL(
        method: String, _ object: ObjectAddress, expires: Int
    ) async throws(S3Error) -> String {
        guard (1...604_800).contains(expires) else {
            throw S3Error(
                kind: .invalidRequest, operation: "Presign", connection: connection.name,
                bucket: object.bucket, key: object.key,
                message: "a presigned URL lives 1 to 604800 seconds")
        }
        let request = S3Request("Presign", .other, .get, object)
        var loop = RetryLoop(client: self, request: request)
        let attempt = try await loop.begin(payload: .unsigned)
        let path = path(of: request)
        let query = state.signer.presign(
            method: method, host: attempt.target.host, path: path, query: request.query,
            credentials: attempt.credentials, region: attempt.target.region,
            time: Timestamps.nowMilliseconds() / 1000 + attempt.target.clockOffsetSeconds,
            expires: expires)
        return attempt.target.urlPrefix + path + "?" + query
    }
}
