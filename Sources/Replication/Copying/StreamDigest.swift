import S3
import Signing
import Transport

/// Digests of one body that passes in order, block by block: of the whole, and the ETags that it
/// would have under given part layouts. Constant memory. Blocks may come from another thread than
/// the one that asks for the result.
final class StreamDigest: Sendable {
    struct Result: Sendable, Equatable {
        var bytes: Int64
        var whole: [ChecksumAlgorithm: [UInt8]]
        /// One for each layout, in order.
        var compositeETags: [ETag]

        var md5: ETag? { whole[.md5].map { ETag(Hex.encode($0)) } }
    }

    private let algorithms: [ChecksumAlgorithm]
    private let layouts: [PartLayout]
    private let running: Locked<Running>

    init(_ algorithms: [ChecksumAlgorithm], layouts: [PartLayout] = []) {
        self.algorithms = algorithms
        self.layouts = layouts
        running = Locked(Running(algorithms, layouts))
    }

    func restart() {
        running.withLock { $0 = Running(algorithms, layouts) }
    }

    func update(_ block: UnsafeRawBufferPointer) {
        // As a number, because the lock takes no pointer inside; it is used during the call only.
        let address = UInt(bitPattern: block.baseAddress)
        let count = block.count
        running.withLock {
            $0.update(
                UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count))
        }
    }

    func update(_ block: [UInt8]) {
        block.withUnsafeBytes { update($0) }
    }

    func observe(_ event: RelayEvent) {
        switch event {
        case .restart: restart()
        case .block(let block): update(block)
        }
    }

    /// What a relay calls with each block.
    var observer: @Sendable (RelayEvent) -> Void { { self.observe($0) } }

    /// Ends the digests: the next block begins a new body.
    func finish() -> Result {
        running.withLock { running in
            let result = running.finish()
            running = Running(algorithms, layouts)
            return result
        }
    }

    static func of(_ body: [UInt8], _ algorithms: [ChecksumAlgorithm]) -> Result {
        let digest = StreamDigest(algorithms)
        digest.update(body)
        return digest.finish()
    }
}

/// The state of one body under way; confined to the lock above.
private final class Running {
    private var bytes: Int64 = 0
    private let whole: [RunningChecksum]
    private let parts: [RunningComposite]

    init(_ algorithms: [ChecksumAlgorithm], _ layouts: [PartLayout]) {
        whole = algorithms.map(RunningChecksum.init)
        parts = layouts.map(RunningComposite.init)
    }

    func update(_ block: UnsafeRawBufferPointer) {
        for checksum in whole { checksum.update(block) }
        for composite in parts { composite.update(block, at: bytes) }
        bytes += Int64(block.count)
    }

    func finish() -> StreamDigest.Result {
        var digests: [ChecksumAlgorithm: [UInt8]] = [:]
        for checksum in whole { digests[checksum.algorithm] = checksum.finish() }
        return StreamDigest.Result(
            bytes: bytes, whole: digests, compositeETags: parts.map { $0.finish() })
    }
}

/// A checksum that a class may own: the digest itself cannot be copied.
final class RunningChecksum {
    let algorithm: ChecksumAlgorithm
    private var checksum: Checksum?

    init(_ algorithm: ChecksumAlgorithm) {
        self.algorithm = algorithm
        checksum = Checksum(algorithm)
    }

    func update(_ block: UnsafeRawBufferPointer) { checksum?.update(block) }

    func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// Once only.
    func finish() -> [UInt8] { checksum.take()?.finalize() ?? [] }
}

/// The multipart ETag of a body that passes: the MD5 of the parts' MD5s, and their number.
private final class RunningComposite {
    private let layout: PartLayout
    private var number = 1
    private var part = RunningChecksum(.md5)
    private let outer = RunningChecksum(.md5)

    init(_ layout: PartLayout) { self.layout = layout }

    func update(_ block: UnsafeRawBufferPointer, at offset: Int64) {
        var rest = block
        var position = offset
        while !rest.isEmpty {
            // Bytes beyond the layout belong to the last part: the ETag will then not match.
            let end = number < layout.count ? layout.end(of: number) : Int64.max
            let count = Int(min(Int64(rest.count), end - position))
            part.update(UnsafeRawBufferPointer(rebasing: rest.prefix(count)))
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            position += Int64(count)
            while number < layout.count, layout.end(of: number) == position { closePart() }
        }
    }

    private func closePart() {
        outer.update(part.finish())
        part = RunningChecksum(.md5)
        number += 1
    }

    func finish() -> ETag {
        outer.update(part.finish())
        return ETag("\(Hex.encode(outer.finish()))-\(layout.count)")
    }
}

extension ETag {
    /// The ETag of a multipart object of these parts, when all of them have an MD5 for theirs.
    static func composite(of parts: [UploadPart]) -> ETag? {
        let outer = RunningChecksum(.md5)
        for part in parts {
            guard part.eTag.isMD5Shaped, let digest = Hex.decode(part.eTag.value) else {
                return nil
            }
            outer.update(digest)
        }
        return ETag("\(Hex.encode(outer.finish()))-\(parts.count)")
    }
}
