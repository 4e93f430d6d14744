extension PartLayout {
    /// Layouts that fit an object's size and number of parts, among the part sizes that clients
    /// use, the commonest first. Which one it was, only the ETag can tell.
    ///
    /// - Parameter limit: At most so many.
    static func candidates(size: Int64, count: Int, limit: Int = 6) -> [PartLayout] {
        guard size >= 0, count >= 1, count <= maxParts else { return [] }
        if count == 1 {
            return size <= maxPartBytes ? [PartLayout(size: size, partBytes: max(1, size))] : []
        }
        var found: [PartLayout] = []
        func offer(_ partBytes: Int64) {
            guard found.count < limit, partBytes > 0, partBytes <= maxPartBytes else { return }
            let layout = PartLayout(size: size, partBytes: partBytes)
            if layout.count == count, !found.contains(layout) { found.append(layout) }
        }
        for mebibytes in commonMebibytes { offer(mebibytes << 20) }
        // Clients that outgrow their default: rounded up to whole mebibytes, or to 16 of them,
        // or an even split.
        let even = (size + Int64(count) - 1) / Int64(count)
        for step in [1 << 20, 16 << 20, 1] as [Int64] {
            offer((even + step - 1) / step * step)
        }
        for megabytes in commonMegabytes { offer(megabytes * 1_000_000) }
        return found
    }

    /// In the order of how common they are: 8 (AWS CLI, boto3), 16 and 64 (MinIO clients), 5
    /// (rclone, Java SDKs), 50 (s5cmd), 10 (s3fs), 100 (AWS's advice), then the rest.
    private static let commonMebibytes: [Int64] = [
        8, 16, 5, 64, 50, 10, 100, 128, 32, 15, 20, 25, 6, 256, 12, 24, 40, 48, 80, 96, 200, 250,
        500, 512, 1024, 2048, 4096, 5120,
    ]

    /// The same, of those who count in powers of ten.
    private static let commonMegabytes: [Int64] = [
        10, 8, 16, 100, 50, 64, 20, 25, 32, 6, 15, 128, 200, 250, 256, 500, 512, 1000, 5000,
    ]
}
