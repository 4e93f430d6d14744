import NIOHTTP1
import Signing
import XML

/// Answers requests that are authenticated and whole. Thread-safe; calls block on the disk.
struct S3Service: Sendable {
    let store: ObjectStore
    let notifier: Notifier
    let configuration: LocalS3Configuration
    /// Unix milliseconds; tests move it.
    let clock: @Sendable () -> Int64

    func bucket(_ request: S3Request) throws -> Bucket {
        guard let bucket = store.bucket(request.bucket) else {
            throw BucketName.isValid(request.bucket)
                ? S3Failure(
                    .noSuchBucket, details: [.init(name: .bucketName, value: request.bucket)])
                : S3Failure(
                    .invalidBucketName, details: [.init(name: .bucketName, value: request.bucket)])
        }
        return bucket
    }

    /// The answer; every refusal is an answer too.
    func answer(_ operation: Operation, _ request: S3Request, _ body: ReceivedBody) -> S3Response {
        do {
            return try perform(operation, request, body)
        } catch {
            return S3Response(
                Self.failure(error, bucket: request.bucket), resource: request.rawPath,
                requestID: request.requestID)
        }
    }

    static func failure(_ error: any Error, bucket: String) -> S3Failure {
        switch error {
        case let failure as S3Failure: return failure
        case let error as StorageError:
            // The bucket was removed while the request was on its way.
            if error.kind == .notFound, error.operation == "open" {
                return S3Failure(
                    .noSuchBucket, details: [.init(name: .bucketName, value: bucket)])
            }
            return S3Failure(error)
        default: return S3Failure(.internalError)
        }
    }

    private func perform(_ operation: Operation, _ request: S3Request, _ body: ReceivedBody) throws
        -> S3Response
    {
        switch operation {
        case .listBuckets: return listBuckets()
        case .createBucket: return try createBucket(request, body)
        case .headBucket: return try headBucket(request)
        case .deleteBucket: return try deleteBucket(request)
        case .getBucketLocation: return try bucketLocation(request)
        case .getBucketVersioning: return try bucketVersioning(request)
        case .putBucketVersioning: return try putBucketVersioning(request, body)
        case .getObjectLockConfiguration: return try objectLockConfiguration(request)
        case .putObjectLockConfiguration: return try putObjectLockConfiguration(request, body)
        case .getBucketNotification: return try bucketNotification(request)
        case .putBucketNotification: return try putBucketNotification(request, body)
        case .getObjectRetention: return try objectRetention(request)
        case .putObjectRetention: return try putObjectRetention(request, body)
        case .getObjectLegalHold: return try objectLegalHold(request)
        case .putObjectLegalHold: return try putObjectLegalHold(request, body)
        case .listObjects: return try listObjects(request)
        case .listObjectsV2: return try listObjectsV2(request)
        case .listObjectVersions: return try listObjectVersions(request)
        case .listUploads: return try listUploads(request)
        case .deleteObjects: return try deleteObjects(request, body)
        case .getObject, .headObject: return try readObject(request)
        case .putObject: return try putObject(request, body)
        case .copyObject: return try copyObject(request)
        case .deleteObject: return try deleteObject(request)
        case .getObjectAttributes: return try objectAttributes(request)
        case .getObjectTagging: return try objectTagging(request)
        case .putObjectTagging: return try putObjectTagging(request, body)
        case .deleteObjectTagging: return try deleteObjectTagging(request)
        case .createMultipartUpload: return try createMultipartUpload(request)
        case .uploadPart: return try uploadPart(request, body)
        case .uploadPartCopy: return try uploadPartCopy(request)
        case .completeMultipartUpload: return try completeMultipartUpload(request, body)
        case .abortMultipartUpload: return try abortMultipartUpload(request)
        case .listParts: return try listParts(request)
        }
    }

    /// The version that a request means, or the current one; or S3's answer that there is none.
    func open(_ bucket: Bucket, _ request: S3Request) throws -> ReadableObject {
        let object = try open(bucket, request.key, version: request.version)
        guard !object.record.isDeleteMarker else { throw Self.deleteMarker(object.record, request) }
        return object
    }

    /// What is opened may be a delete marker.
    func open(_ bucket: Bucket, _ key: [UInt8], version: String?) throws -> ReadableObject {
        do {
            return try bucket.open(key, version: version)
        } catch let error as StorageError where error.kind == .notFound {
            let name = S3Failure.Detail(name: .key, value: String(decoding: key, as: UTF8.self))
            guard let version else { throw S3Failure(.noSuchKey, details: [name]) }
            throw S3Failure(
                .noSuchVersion, details: [name, .init(name: .versionID, value: version)])
        }
    }
}
