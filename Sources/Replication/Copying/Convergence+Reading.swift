import S3

extension Convergence {
    /// A reading that broke off begins again this often.
    private static let maxReadings = 3

    /// Reads a whole object, and only hashes it.
    ///
    /// - Parameter eTag: What must be read; nil: whatever is there.
    /// - Throws: ``Moved`` when another object is there, `S3Error`.
    func digestByReading(
        _ client: S3Client, _ address: ObjectAddress, _ eTag: ETag?,
        _ digest: StreamDigest
    ) async throws -> StreamDigest.Result {
        var read = ReadOptions()
        let isSource = address == sourceAddress
        if isSource, shared.isUsable(.pin) { read.ifMatch = eTag }
        var readings = 0
        while true {
            readings += 1
            do {
                return try await client.readObject(address, read) { head, body in
                    if let eTag, head.eTag != eTag { throw Moved() }
                    while let block = try await body.next() { digest.update(block) }
                    return digest.finish()
                }
            } catch let error as S3Error {
                let isBroken = error.kind == .interrupted || error.kind == .timedOut
                if isBroken, readings < Self.maxReadings {
                    digest.restart()
                    continue
                }
                if isSource, let eTag { throw readFailure(error, pin: eTag) }
                // What we have just written is gone: another writer was here.
                throw error.kind == .noSuchKey ? Moved(cause: error) : error
            }
        }
    }
}
