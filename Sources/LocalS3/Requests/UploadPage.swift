/// One page of the uploads in progress: by key, then by start; with a delimiter grouped like keys.
struct UploadPage {
    private(set) var uploads: [UploadInProgress] = []
    private(set) var prefixes: [[UInt8]] = []
    private(set) var isTruncated = false
    private(set) var lastKey: [UInt8] = []
    private(set) var lastID = ""

    /// - Parameter idMarker: with it, the uploads of the marker's own key that come after this one belong to the page.
    init(
        _ all: [UploadInProgress], prefix: [UInt8], delimiter: [UInt8], keyMarker: [UInt8],
        idMarker: String, limit: Int
    ) {
        var isPastID = false
        for upload in all where upload.record.key.starts(with: prefix) {
            let key = upload.record.key
            if !keyMarker.isEmpty {
                let order = KeyOrder.compare(key, keyMarker)
                if order < 0 { continue }
                if order == 0 {
                    let wasPast = isPastID
                    if upload.id == idMarker { isPastID = true }
                    if !wasPast { continue }
                }
            }
            let group = Self.group(of: key, delimiter: delimiter, from: prefix.count)
            if let group, prefixes.last == group || group == keyMarker { continue }
            guard uploads.count + prefixes.count < limit else {
                isTruncated = limit > 0
                return
            }
            if let group {
                prefixes.append(group)
                lastKey = group
                lastID = ""
            } else {
                uploads.append(upload)
                lastKey = key
                lastID = upload.id
            }
        }
    }

    private static func group(of key: [UInt8], delimiter: [UInt8], from start: Int) -> [UInt8]? {
        guard !delimiter.isEmpty, key.count >= start + delimiter.count else { return nil }
        for index in start...(key.count - delimiter.count)
        where key[index...].starts(with: delimiter) {
            return Array(key[..<(index + delimiter.count)])
        }
        return nil
    }
}
