import Signing
import XML

extension S3Service {
    func listObjectVersions(_ request: S3Request) throws -> S3Response {
        let bucket = try bucket(request)
        let text = try KeyText(request)
        let limit = try Limit.parse(request.parameter("max-keys"), name: "max-keys")
        let prefix = Array((request.parameter("prefix") ?? "").utf8)
        let delimiter = Array((request.parameter("delimiter") ?? "").utf8)
        let keyMarker = Array((request.parameter("key-marker") ?? "").utf8)
        let idMarker = request.parameter("version-id-marker")
        try check(idMarker: idMarker, keyMarker)
        let page: VersionPage
        if let versions = bucket.versionsSnapshot() {
            page = try VersionPage(
                versions, prefix: prefix, delimiter: delimiter, keyMarker: keyMarker,
                idMarker: try idMarker.flatMap { try position($0, of: keyMarker, in: bucket) },
                limit: limit)
        } else {
            page = VersionPage(
                unversioned: try Listing(
                    bucket.snapshot(), prefix: prefix, delimiter: delimiter, after: keyMarker,
                    limit: limit))
        }
        var writer = XMLWriter(reservingBytes: 1_024 + 500 * page.elements.count)
        writer.declaration()
        writer.open("ListVersionsResult", xmlns: XMLWriter.s3Namespace)
        writer.element("Name", bucket.name)
        text.write("Prefix", prefix, into: &writer)
        text.write("KeyMarker", keyMarker, into: &writer)
        writer.element("VersionIdMarker", idMarker ?? "")
        if page.isTruncated {
            text.write("NextKeyMarker", page.lastKey, into: &writer)
            if let id = page.lastID { writer.element("NextVersionIdMarker", id) }
        }
        writer.element("MaxKeys", limit)
        if !delimiter.isEmpty { text.write("Delimiter", delimiter, into: &writer) }
        if text.isURLEncoded { writer.element("EncodingType", "url") }
        writer.element("IsTruncated", page.isTruncated)
        for case .version(let version) in page.elements { write(version, text, into: &writer) }
        for case .prefix(let prefix) in page.elements {
            writer.open("CommonPrefixes")
            text.write("Prefix", prefix, into: &writer)
            writer.close("CommonPrefixes")
        }
        writer.close("ListVersionsResult")
        return S3Response(document: writer)
    }

    private func check(idMarker: String?, _ keyMarker: [UInt8]) throws(S3Failure) {
        guard let idMarker else { return }
        func invalid(_ message: String) -> S3Failure {
            .invalidArgument(message, name: "version-id-marker", value: idMarker)
        }
        guard !idMarker.isEmpty else { throw invalid("A version-id marker cannot be empty.") }
        guard !keyMarker.isEmpty else {
            throw invalid("A version-id marker cannot be specified without a key marker.")
        }
        guard VersionID.isValid(idMarker) else { throw invalid("Invalid version id specified") }
    }

    /// Where a marker stands among its key's versions. A "null" version that was deleted since the last page stands
    /// before all of them: it is better to list some twice than to miss any.
    private func position(_ marker: String, of key: [UInt8], in bucket: Bucket) throws -> VersionID
    {
        if let id = VersionID(marker) { return id }
        do {
            return try bucket.open(key, version: marker).record.versionID
        } catch let error as StorageError where error.kind == .notFound {
            return VersionID(number: .max, salt: 0)
        }
    }

    private func write(
        _ version: VersionPage.Version, _ text: KeyText, into writer: inout XMLWriter
    ) {
        let entry = version.entry
        writer.open(entry.isDeleteMarker ? "DeleteMarker" : "Version")
        text.write("Key", version.key, into: &writer)
        writer.element("VersionId", version.id)
        writer.element("IsLatest", version.isLatest)
        if entry.isDeleteMarker {
            Self.writeModified(entry, into: &writer)
        } else {
            Self.writeObject(entry, into: &writer)
        }
        Self.writeOwner("Owner", into: &writer)
        writer.close(entry.isDeleteMarker ? "DeleteMarker" : "Version")
    }
}
