import S3

extension Convergence {
    /// A reading that broke off begins again this often.
    private static let maxReadings = 3

    /// Reads a whole object, and only hashes it; in two ranges of unequal length, so that what damages every answer in the
    /// same place has damaged another place of the object than the copy did.
    ///
    /// - Parameters:
    ///   - eTag: What must be read; nil: whatever is there.
    ///   - size: As far as is known, in bytes.
    /// - Throws: ``Moved`` when another object is there, `S3Error`.
    func digestByReading(
        _ client: S3Client, _ address: ObjectAddress, _ eTag: ETag?, size: Int64,
        _ digest: StreamDigest
    ) async throws -> StreamDigest.Result {
        var read = ReadOptions()
        let isSource = address == sourceAddress
        if isSource, shared.isUsable(.pin) { read.ifMatch = eTag }
        var ranges: [ClosedRange<Int64>?] =
            size > 1 ? [0...(size / 3), (size / 3 + 1)...(size - 1)] : [nil]
        var readings = 0
        while true {
            readings += 1
            do {
                for range in ranges {
                    read.range = range
                    try await client.readObject(address, read) { head, body in
                        if let eTag, head.eTag != eTag { throw Moved() }
                        while let block = try await body.next() { digest.update(block) }
                    }
                }
                return digest.finish()
            } catch let error as S3Error {
                switch error.kind {
                case .interrupted where readings < Self.maxReadings,
                    .timedOut where readings < Self.maxReadings:
                    digest.restart()
                    continue
                case .malformedAnswer where ranges.count > 1,
                    .invalidRequest where ranges.count > 1,
                    .notSupported where ranges.count > 1:
                    // No ranges there, or fewer bytes than expected: what there is tells.
                    ranges = [nil]
                    digest.restart()
                    continue
                default: break
                }
                if isSource, let eTag { throw readFailure(error, pin: eTag) }
                // What we have just written is gone: another writer was here.
                throw error.kind == .noSuchKey ? Moved(cause: error) : error
            }
        }
    }
}
