import COpenSSL

/// Unwraps an `aws-chunked` body as it comes, in pieces of any size, and checks each chunk's signature and the trailers'.
/// One owner at a time.
///
/// A chunk's bytes are handed on before its signature has come to its end: nothing of a body may be used before ``finish()``
/// has returned. Memory: one line of at most 8 KiB, and the trailers, 16 KiB at most.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>
public struct AWSChunkedReader: ~Copyable, Sendable {
    public enum Problem: Error, Sendable, Equatable {
        /// The framing cannot be read.
        case malformed
        /// It ends in the middle.
        case incomplete
        /// A chunk or the trailers are not what was signed.
        case wrongSignature
    }

    /// Of a chunk's head or of one trailer.
    static let lineBytesMaximum = 8 << 10
    static let trailerBytesMaximum = 16 << 10

    private enum Phase {
        /// In the line that says a chunk's length.
        case head
        case data(left: Int64)
        /// Before the line end that follows a chunk.
        case dataEnd
        case trailers
        case over
    }

    private let hasTrailers: Bool
    private var signatures: ChunkSignatures?
    private var phase = Phase.head
    private var line: [UInt8] = []
    private var expected = ""
    private var hash = SHA256_CTX()
    private var trailers: [(name: String, value: String)] = []
    private var trailerBytes = 0

    /// - Parameters:
    ///   - payload: one of the streaming forms.
    ///   - signatures: those of the request's chunks; nil for `.streamingUnsignedTrailer`.
    public init(_ payload: PayloadHash, _ signatures: ChunkSignatures?) {
        precondition(
            payload.isStreaming && (signatures == nil) == (payload == .streamingUnsignedTrailer))
        hasTrailers = payload != .streamingSigned
        self.signatures = signatures
    }

    /// Takes the next piece of the body, and hands on what of it is the object's.
    public mutating func receive(
        _ bytes: UnsafeRawBufferPointer, _ take: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var rest = bytes
        while !rest.isEmpty {
            switch phase {
            case .data(let left):
                let count = Int(min(left, Int64(rest.count)))
                let data = UnsafeRawBufferPointer(rebasing: rest[..<count])
                if signatures != nil { SHA256_Update(&hash, data.baseAddress, count) }
                try take(data)
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                phase = left == Int64(count) ? .dataEnd : .data(left: left - Int64(count))
            case .over: throw Problem.malformed
            case .head, .dataEnd, .trailers:
                let end = rest.firstIndex(of: 0x0A)
                let part = rest[..<(end ?? rest.endIndex)]
                guard line.count + part.count <= Self.lineBytesMaximum else {
                    throw Problem.malformed
                }
                line.append(contentsOf: part)
                guard let end else { return }
                rest = UnsafeRawBufferPointer(rebasing: rest[(end + 1)...])
                try endLine()
            }
        }
    }

    /// - Returns: the trailers, with names in lower case, in the order they came.
    public mutating func finish() throws(Problem) -> [(name: String, value: String)] {
        guard case .over = phase else { throw .incomplete }
        return trailers
    }

    private mutating func endLine() throws(Problem) {
        guard line.popLast() == 0x0D else { throw .malformed }
        defer { line.removeAll(keepingCapacity: true) }
        switch phase {
        case .head: try beginChunk()
        case .dataEnd:
            guard line.isEmpty else { throw .malformed }
            try checkChunk()
            phase = .head
        case .trailers: line.isEmpty ? try checkTrailers() : try addTrailer()
        case .data, .over: break
        }
    }

    /// "1000;chunk-signature=<64 hex>", or "1000" alone where chunks are not signed.
    private mutating func beginChunk() throws(Problem) {
        let pieces = line.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
        guard let digits = pieces.first, (1...15).contains(digits.count),
            digits.allSatisfy({ Self.isHexDigit($0) }),
            let count = Int64(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw .malformed }
        if signatures != nil {
            let prefix = Array("chunk-signature=".utf8)
            guard pieces.count == 2, pieces[1].starts(with: prefix),
                pieces[1].count == prefix.count + 64
            else { throw .malformed }
            expected = String(decoding: pieces[1].dropFirst(prefix.count), as: UTF8.self)
            SHA256_Init(&hash)
        }
        if count > 0 {
            phase = .data(left: count)
        } else {
            try checkChunk()
            // Without trailers the last line end closes the body.
            phase = .trailers
        }
    }

    private mutating func checkChunk() throws(Problem) {
        guard signatures != nil else { return }
        let digest = SHA256Digest(finishing: &hash)
        guard let signature = signatures?.next(digest), RequestSigner.isSame(signature, expected)
        else {
            throw .wrongSignature
        }
    }

    private mutating func addTrailer() throws(Problem) {
        trailerBytes += line.count
        guard hasTrailers, trailerBytes <= Self.trailerBytesMaximum,
            let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0
        else { throw .malformed }
        var value = line[(colon + 1)...]
        while value.first == 0x20 { value.removeFirst() }
        while value.last == 0x20 { value.removeLast() }
        trailers.append(
            (
                name: String(decoding: line[..<colon], as: UTF8.self).lowercased(),
                value: String(decoding: value, as: UTF8.self)
            ))
    }

    private mutating func checkTrailers() throws(Problem) {
        phase = .over
        guard hasTrailers, signatures != nil else { return }
        guard let last = trailers.popLast(), last.name == AWSChunked.trailerSignature else {
            throw .malformed
        }
        var canonical: [UInt8] = []
        for trailer in trailers {
            canonical.append(contentsOf: "\(trailer.name):\(trailer.value)\n".utf8)
        }
        guard let signature = signatures?.nextTrailer(canonical),
            RequestSigner.isSame(signature, last.value)
        else { throw .wrongSignature }
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 6
    }
}
