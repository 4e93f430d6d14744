import Signing

/// Takes one request's body as it comes: unwraps it, hashes it and puts it where its operation needs it. Nothing that
/// was received is used before ``finish()`` has found every claim about it true. One connection owns it.
final class BodyReceiver {
    /// XML documents. The largest that S3 takes is a completion of 10,000 parts with checksums, some 2 MiB.
    static let documentBytesMaximum = 4 << 20

    private enum Sink {
        case none
        case document
        case object(ObjectUpload)
    }

    private let sink: Sink
    private let payload: PayloadHash
    private let bytesMaximum: Int64
    private let checksumRequest: ChecksumRequest?
    private let contentMD5: [UInt8]?
    private let declaredBytes: Int64?
    /// Lower-case names, of a payload with trailers.
    private let announcedTrailers: [String]
    private var document: [UInt8] = []
    private var size: Int64 = 0
    private var md5: Checksum?
    private var sha256: Checksum?
    private var checksum: Checksum?
    /// Of a body that comes as `aws-chunked`.
    private var framing: AWSChunkedReader?

    /// - Throws: ``S3Failure`` when it is clear before the body that the request cannot be served.
    init(
        _ operation: Operation, _ request: S3Request, _ identity: Identity, service: S3Service
    ) throws(S3Failure) {
        payload = identity.payload
        if payload.isStreaming { framing = AWSChunkedReader(payload, identity.chunks) }
        let hasTrailers = payload.isStreaming && payload != .streamingSigned
        announcedTrailers =
            hasTrailers
            ? request.headers[canonicalForm: "x-amz-trailer"].map { $0.lowercased() } : []
        declaredBytes = try Self.declaredBytes(request, isStreaming: payload.isStreaming)
        contentMD5 = try Self.contentMD5(request)
        // The completion's checksum is of the object, not of the document.
        let isOfBody = operation.takesBody && !operation.isCompletion
        checksumRequest = isOfBody ? try ChecksumRequest.parse(request) : nil
        switch operation {
        case .putObject, .uploadPart:
            guard declaredBytes != nil || request.headers.contains(name: "transfer-encoding") else {
                throw S3Failure(.missingContentLength)
            }
            sink = .object(try Self.upload(operation, request, declaredBytes ?? 0, service))
            bytesMaximum = service.configuration.objectBytesMaximum
            md5 = Checksum(.md5)
        case .completeMultipartUpload, .deleteObjects, .putObjectTagging, .createBucket,
            .putBucketVersioning, .putBucketNotification, .putObjectLockConfiguration,
            .putObjectRetention,
            .putObjectLegalHold:
            sink = .document
            bytesMaximum = Int64(Self.documentBytesMaximum)
            if contentMD5 != nil { md5 = Checksum(.md5) }
        default:
            sink = .none
            bytesMaximum = Int64(Self.documentBytesMaximum)
        }
        guard (declaredBytes ?? 0) <= bytesMaximum else { throw Self.tooLarge(sink) }
        if case .sha256 = payload { sha256 = Checksum(.sha256) }
        if case .none = sink { return }
        if let algorithm = Self.algorithm(checksumRequest, operation, request, service) {
            checksum = Checksum(algorithm)
        }
    }

    func receive(_ bytes: UnsafeRawBufferPointer) throws {
        guard framing != nil else { return try take(bytes) }
        do {
            try framing?.receive(bytes) { try take($0) }
        } catch let problem as AWSChunkedReader.Problem {
            throw Self.failure(problem)
        }
    }

    private static func failure(_ problem: AWSChunkedReader.Problem) -> S3Failure {
        switch problem {
        case .wrongSignature: S3Failure(.signatureDoesNotMatch)
        case .incomplete: S3Failure(.incompleteBody)
        case .malformed: S3Failure(.invalidRequest, "The chunks of the body cannot be read.")
        }
    }

    private func take(_ bytes: UnsafeRawBufferPointer) throws {
        size += Int64(bytes.count)
        guard size <= bytesMaximum else { throw Self.tooLarge(sink) }
        // Of a body in chunks; the other forms end where they say.
        if let declaredBytes, size > declaredBytes { throw S3Failure(.incompleteBody) }
        md5?.update(bytes)
        sha256?.update(bytes)
        checksum?.update(bytes)
        switch sink {
        case .none: break
        case .document: document.append(contentsOf: bytes)
        case .object(let upload): try upload.write(bytes)
        }
    }

    /// - Throws: ``S3Failure`` when the body is not what was signed or declared.
    func finish() throws -> ReceivedBody {
        var trailers: [NamedValue] = []
        do throws(AWSChunkedReader.Problem) {
            trailers = try framing?.finish().map { NamedValue($0.name, $0.value) } ?? []
        } catch {
            throw Self.failure(error)
        }
        // What was announced and is not there would not be checked; nor would be what was not announced.
        guard trailers.map(\.name) == announcedTrailers else { throw S3Failure(.malformedTrailer) }
        if let declaredBytes, declaredBytes != size { throw S3Failure(.incompleteBody) }
        if case .sha256(let expected) = payload, let digest = sha256.take()?.finalize() {
            guard Hex.encode(digest) == expected else { throw S3Failure(.contentSHA256Mismatch) }
        }
        var body = ReceivedBody()
        body.md5 = md5.take()?.finalize() ?? []
        if let contentMD5, !body.md5.isEmpty, contentMD5 != body.md5 {
            throw S3Failure(.badDigest)
        }
        if let algorithm = checksum?.algorithm, let value = checksum.take()?.finalize() {
            try check(value, algorithm, trailers)
            body.checksum = StoredChecksum(
                algorithm: algorithm, value: value, isComposite: false)
        }
        body.document = document
        if case .object(let upload) = sink { body.staged = upload.finish() }
        return body
    }

    private func check(
        _ value: [UInt8], _ algorithm: ChecksumAlgorithm, _ trailers: [NamedValue]
    ) throws(S3Failure) {
        let header = ChecksumRequest.header(of: algorithm)
        var claims = [checksumRequest?.expected].compactMap(\.self)
        for trailer in trailers where trailer.name == header {
            guard let decoded = Base64.decode(trailer.value), decoded.count == value.count else {
                throw S3Failure(
                    .invalidRequest, "Value for \(header) trailing header is invalid.")
            }
            claims.append(decoded)
        }
        guard claims.allSatisfy({ $0 == value }) else {
            throw S3Failure(
                .badDigest,
                "The \(ChecksumRequest.name(of: algorithm)) you specified did not match the calculated checksum."
            )
        }
    }

    private static func declaredBytes(_ request: S3Request, isStreaming: Bool) throws(S3Failure)
        -> Int64?
    {
        let name = isStreaming ? "x-amz-decoded-content-length" : "content-length"
        guard let text = request.header(name) else {
            if isStreaming { throw S3Failure(.missingContentLength) }
            return nil
        }
        guard let value = Int64(text), value >= 0 else {
            throw S3Failure.invalidArgument("Invalid \(name)", name: name, value: text)
        }
        return value
    }

    private static func contentMD5(_ request: S3Request) throws(S3Failure) -> [UInt8]? {
        guard let text = request.header("content-md5") else { return nil }
        guard let digest = Base64.decode(text), digest.count == 16 else {
            throw S3Failure(.invalidDigest)
        }
        return digest
    }

    /// Refuses before the body what would be refused after it: a missing bucket or upload.
    private static func upload(
        _ operation: Operation, _ request: S3Request, _ bytes: Int64, _ service: S3Service
    ) throws(S3Failure) -> ObjectUpload {
        do {
            let bucket = try service.bucket(request)
            if case .uploadPart = operation { _ = try service.part(of: request, in: bucket) }
            return ObjectUpload(directory: bucket.temporaryDirectory, expectedBytes: Int(bytes))
        } catch {
            throw S3Service.failure(error, bucket: request.bucket)
        }
    }

    /// The checksum to calculate: the one given, or the one that the part's upload was started with.
    private static func algorithm(
        _ asked: ChecksumRequest?, _ operation: Operation, _ request: S3Request,
        _ service: S3Service
    ) -> ChecksumAlgorithm? {
        if let asked { return asked.algorithm }
        guard case .uploadPart = operation, let bucket = store(request, service),
            let id = request.parameter("uploadId")
        else { return nil }
        // An upload that is gone by now is refused when the part is committed.
        return (try? bucket.upload(id, key: request.key))??.checksum?.algorithm
    }

    private static func store(_ request: S3Request, _ service: S3Service) -> Bucket? {
        service.store.bucket(request.bucket)
    }

    private static func tooLarge(_ sink: Sink) -> S3Failure {
        if case .object = sink { return S3Failure(.entityTooLarge) }
        return S3Failure(.maxMessageLengthExceeded)
    }
}

extension Operation {
    var isCompletion: Bool {
        if case .completeMultipartUpload = self { true } else { false }
    }

    var takesBody: Bool {
        switch self {
        case .putObject, .uploadPart, .completeMultipartUpload, .deleteObjects, .putObjectTagging,
            .createBucket, .putBucketVersioning, .putBucketNotification,
            .putObjectLockConfiguration,
            .putObjectRetention,
            .putObjectLegalHold:
            true
        default: false
        }
    }
}
