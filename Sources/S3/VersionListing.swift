import XML

/// The answer to ListObjectVersions.
struct VersionListing {
    var versions: [ListedVersion] = []
    var commonPrefixes: [ObjectKey] = []
    var isTruncated = false
    var nextKeyMarker: ObjectKey?
    var nextVersionIDMarker: String?
    /// Why this cannot be believed, or nil.
    var problem: String?

    init(_ document: [UInt8]) throws(XMLError) {
        var scanner = XMLScanner(document)
        let root = try scanner.root("ListVersionsResult")
        var isEncoded = false
        var saysTruncated = false
        while let child = try scanner.nextChild(of: root) {
            if scanner.name(of: child, is: "Version") {
                try read(&scanner, child, isDeleteMarker: false)
            } else if scanner.name(of: child, is: "DeleteMarker") {
                try read(&scanner, child, isDeleteMarker: true)
            } else if scanner.name(of: child, is: "CommonPrefixes") {
                while let inner = try scanner.nextChild(of: child) {
                    guard scanner.name(of: inner, is: "Prefix") else { continue }
                    commonPrefixes.append(ObjectKey(try scanner.bytes(of: inner)))
                }
            } else if scanner.name(of: child, is: "IsTruncated") {
                isTruncated = try scanner.bool(of: child)
                saysTruncated = true
            } else if scanner.name(of: child, is: "EncodingType") {
                isEncoded = try scanner.text(of: child, is: "url")
            } else if scanner.name(of: child, is: "NextKeyMarker") {
                let bytes = try scanner.bytes(of: child)
                nextKeyMarker = bytes.isEmpty ? nil : ObjectKey(bytes)
            } else if scanner.name(of: child, is: "NextVersionIdMarker") {
                let text = try scanner.string(of: child)
                nextVersionIDMarker = text.isEmpty ? nil : text
            }
        }
        try scanner.finish()
        if !saysTruncated { problem = "the listing does not say whether it is complete" }
        if isEncoded { decode() }
    }

    private mutating func read(
        _ scanner: inout XMLScanner, _ element: XMLScanner.Element, isDeleteMarker: Bool
    ) throws(XMLError) {
        var id = "null"
        var isLatest = false
        let object = try ListedObject(&scanner, element) {
            (scanner: inout XMLScanner, field: XMLScanner.Element) throws(XMLError) in
            if scanner.name(of: field, is: "VersionId") {
                id = try scanner.string(of: field)
            } else if scanner.name(of: field, is: "IsLatest") {
                isLatest = try scanner.bool(of: field)
            }
        }
        versions.append(
            ListedVersion(
                object: object, versionID: id.isEmpty ? "null" : id, isLatest: isLatest,
                isDeleteMarker: isDeleteMarker))
    }

    private mutating func decode() {
        func decoded(_ key: ObjectKey) -> ObjectKey? {
            guard let bytes = ListingKey.decoded(key.bytes) else {
                problem = "a key is not encoded as the listing says"
                return nil
            }
            return bytes.map { ObjectKey($0) }
        }
        for index in versions.indices {
            if let key = decoded(versions[index].object.key) { versions[index].object.key = key }
        }
        for index in commonPrefixes.indices {
            if let key = decoded(commonPrefixes[index]) { commonPrefixes[index] = key }
        }
        if let marker = nextKeyMarker, let key = decoded(marker) { nextKeyMarker = key }
    }
}
