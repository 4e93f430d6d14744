import Glibc
import S3
import Signing
import Transport

/// Reads one or both sides of a pair, pinned to the ETags that were seen, and goes on where a connection
/// broke off.
struct PairReading: Sendable {
    /// Times in a row that a body may break off without a byte of progress.
    private static let stallLimit = 3

    let key: ObjectKey
    let source: any AuditedSide
    let destination: any AuditedSide

    /// - Throws: `ObjectMoved`, `UnreadableObject`, `S3Error`.
    func digest(
        _ side: any AuditedSide, _ head: ObjectHead, _ algorithm: ChecksumAlgorithm
    ) async throws -> [UInt8] {
        let digest = StreamDigest([algorithm])
        try await resuming(size: head.size) { position in
            try await read(side, head, from: position.withLock { $0 }) { next in
                while let block = try await next() {
                    digest.update(block)
                    position.withLock { $0 += Int64(block.count) }
                }
            }
            return false
        }
        return digest.finish().whole[algorithm] ?? []
    }

    /// Where the two bodies, of equal size, first differ; nil: nowhere.
    /// - Throws: as `digest`.
    func firstDifference(_ here: ObjectHead, _ there: ObjectHead) async throws -> Int64? {
        let difference = Locked<Int64?>(nil)
        try await resuming(size: here.size) { position in
            let start = position.withLock { $0 }
            try await read(source, here, from: start) { next in
                try await read(destination, there, from: start) { other in
                    let found = try await Self.compare(next, other, position)
                    difference.withLock { $0 = found }
                }
            }
            return difference.withLock { $0 != nil }
        }
        return difference.withLock { $0 }
    }

    /// Compares block by block until one body ends; moves the position along.
    private static func compare(
        _ left: BlockReader, _ right: BlockReader, _ position: Locked<Int64>
    ) async throws -> Int64? {
        var ours: ArraySlice<UInt8> = []
        var theirs: ArraySlice<UInt8> = []
        while true {
            if ours.isEmpty { ours = try await left()?[...] ?? [] }
            if theirs.isEmpty { theirs = try await right()?[...] ?? [] }
            let count = min(ours.count, theirs.count)
            // Blocks are never empty: one of the bodies is at its end.
            if count == 0 { return nil }
            let isSame = ours.withUnsafeBytes { a in
                theirs.withUnsafeBytes { memcmp(a.baseAddress!, $0.baseAddress!, count) == 0 }
            }
            if !isSame {
                let same = Int64(zip(ours, theirs).prefix { $0 == $1 }.count)
                return position.withLock { $0 + same }
            }
            position.withLock { $0 += Int64(count) }
            ours = ours.dropFirst(count)
            theirs = theirs.dropFirst(count)
        }
    }

    /// Runs `body` from each position reached until all is read.
    /// - Parameter body: returns true when the rest need not be read.
    private func resuming(
        size: Int64, _ body: (Locked<Int64>) async throws -> Bool
    ) async throws {
        let position = Locked<Int64>(0)
        var stalls = 0
        while true {
            let start = position.withLock { $0 }
            var failure: BrokenBody?
            do {
                if try await body(position) { return }
            } catch let broken as BrokenBody {
                failure = broken
            }
            let reached = position.withLock { $0 }
            if reached == size, failure == nil || size > 0 { return }
            stalls = reached > start ? 0 : stalls + 1
            guard stalls < Self.stallLimit else {
                throw failure?.unreadable ?? ObjectMoved() as any Error
            }
        }
    }

    private func read(
        _ side: any AuditedSide, _ head: ObjectHead, from position: Int64,
        _ consume: @Sendable (@escaping BlockReader) async throws -> Void
    ) async throws {
        var options = ReadOptions()
        options.ifMatch = head.eTag
        options.expectedBytes = head.size
        if position > 0 { options.range = position...(head.size - 1) }
        do {
            try await side.read(key, options) { answer, next in
                // Some stores ignore If-Match or Range: what they answer tells.
                guard answer.eTag == head.eTag, answer.contentLength == head.size - position else {
                    throw ObjectMoved()
                }
                try await consume(next)
            }
        } catch let error as S3Error {
            switch error.kind {
            case .noSuchKey, .preconditionFailed: throw ObjectMoved()
            case .interrupted, .timedOut: throw BrokenBody(error, at: side.name)
            default: throw UnreadableObject(error, at: side.name) ?? error as any Error
            }
        } catch let error as TransportError {
            if error.kind == .cancelled { throw CancellationError() }
            let cause = S3Error(
                kind: error.kind == .timedOut ? .timedOut : .interrupted, operation: "GetObject",
                connection: side.name, key: key, message: error.description)
            throw BrokenBody(cause, at: side.name)
        }
    }
}

/// A body broke off: the reading goes on from there.
private struct BrokenBody: Error {
    var unreadable: UnreadableObject?

    init(_ cause: S3Error, at side: String) {
        unreadable = UnreadableObject(cause, at: side)
    }
}
