import NIOHTTP1

/// What a request asks for, by its method, its target and its subresource.
enum Operation: Sendable {
    case listBuckets
    case createBucket, headBucket, deleteBucket, getBucketLocation
    case getBucketVersioning, putBucketVersioning
    case getObjectLockConfiguration, putObjectLockConfiguration
    case getBucketNotification, putBucketNotification
    case listObjects, listObjectsV2, listObjectVersions, listUploads, deleteObjects
    case getObject, headObject, putObject, copyObject, deleteObject, getObjectAttributes
    case getObjectTagging, putObjectTagging, deleteObjectTagging
    case getObjectRetention, putObjectRetention, getObjectLegalHold, putObjectLegalHold
    case createMultipartUpload, uploadPart, uploadPartCopy
    case completeMultipartUpload, abortMultipartUpload, listParts

    /// The subresources of S3 that are known and not served here. Other parameters are ignored, as S3 does.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html>
    private static let unsupported: Set<String> = [
        "accelerate", "acl", "analytics", "cors", "encryption", "intelligent-tiering", "inventory",
        "lifecycle", "logging", "metadataTable", "metrics",
        "ownershipControls", "policy", "policyStatus", "publicAccessBlock",
        "renameObject", "replication", "requestPayment", "restore", "select",
        "session", "torrent", "website",
    ]

    /// - Throws: ``S3Failure``: `NotImplemented` or `MethodNotAllowed`.
    init(_ request: S3Request) throws(S3Failure) {
        var names: Set<String> = []
        for pair in request.query {
            guard !Self.unsupported.contains(pair.name) else {
                throw S3Failure(
                    .notImplemented, "The \(pair.name) subresource is not implemented.")
            }
            names.insert(pair.name)
        }
        if let version = request.version, !VersionID.isValid(version) {
            throw S3Failure.invalidArgument(
                version.isEmpty
                    ? "Version id cannot be the empty string" : "Invalid version id specified",
                name: "versionId", value: version)
        }
        if request.bucket.isEmpty {
            guard request.key.isEmpty, request.method == .GET else {
                throw S3Failure(.methodNotAllowed)
            }
            self = .listBuckets
        } else if request.key.isEmpty {
            self = try Self.onBucket(request.method, names, request)
        } else {
            self = try Self.onObject(request.method, names, request)
        }
        if let version = request.version, !takesVersion {
            throw S3Failure.invalidArgument(
                "This operation does not accept a version-id.", name: "versionId", value: version)
        }
    }

    private static func onBucket(_ method: HTTPMethod, _ names: Set<String>, _ request: S3Request)
        throws(S3Failure) -> Operation
    {
        switch method {
        case .GET where names.contains("location"): return .getBucketLocation
        case .GET where names.contains("versioning"): return .getBucketVersioning
        case .PUT where names.contains("versioning"): return .putBucketVersioning
        case .GET where names.contains("object-lock"): return .getObjectLockConfiguration
        case .PUT where names.contains("object-lock"): return .putObjectLockConfiguration
        case .GET where names.contains("notification"): return .getBucketNotification
        case .PUT where names.contains("notification"): return .putBucketNotification
        case .GET where names.contains("versions"): return .listObjectVersions
        case .GET where names.contains("uploads"): return .listUploads
        case .POST where names.contains("delete"): return .deleteObjects
        default: break
        }
        for name in [
            "versioning", "versions", "object-lock", "notification", "tagging", "uploads",
            "location",
        ] where names.contains(name) {
            throw S3Failure(.notImplemented, "The \(name) subresource is not implemented.")
        }
        switch method {
        case .GET: return request.parameter("list-type") == "2" ? .listObjectsV2 : .listObjects
        case .HEAD: return .headBucket
        case .PUT: return .createBucket
        case .DELETE: return .deleteBucket
        case .POST: throw S3Failure(.notImplemented, "Browser-based uploads are not implemented.")
        default: throw S3Failure(.methodNotAllowed)
        }
    }

    private static func onObject(_ method: HTTPMethod, _ names: Set<String>, _ request: S3Request)
        throws(S3Failure) -> Operation
    {
        if names.contains("tagging") {
            switch method {
            case .GET: return .getObjectTagging
            case .PUT: return .putObjectTagging
            case .DELETE: return .deleteObjectTagging
            default: throw S3Failure(.methodNotAllowed)
            }
        }
        if names.contains("retention") {
            switch method {
            case .GET: return .getObjectRetention
            case .PUT: return .putObjectRetention
            default: throw S3Failure(.methodNotAllowed)
            }
        }
        if names.contains("legal-hold") {
            switch method {
            case .GET: return .getObjectLegalHold
            case .PUT: return .putObjectLegalHold
            default: throw S3Failure(.methodNotAllowed)
            }
        }
        if names.contains("attributes") {
            guard method == .GET else { throw S3Failure(.methodNotAllowed) }
            return .getObjectAttributes
        }
        if names.contains("uploads") {
            guard method == .POST else { throw S3Failure(.methodNotAllowed) }
            return .createMultipartUpload
        }
        let copies = request.headers.contains(name: "x-amz-copy-source")
        if names.contains("uploadId") {
            switch method {
            case .GET: return .listParts
            case .PUT: return copies ? .uploadPartCopy : .uploadPart
            case .POST: return .completeMultipartUpload
            case .DELETE: return .abortMultipartUpload
            default: throw S3Failure(.methodNotAllowed)
            }
        }
        switch method {
        case .GET: return .getObject
        case .HEAD: return .headObject
        case .PUT: return copies ? .copyObject : .putObject
        case .DELETE: return .deleteObject
        default: throw S3Failure(.methodNotAllowed)
        }
    }

    /// Whether `versionId` may stand in the target: elsewhere it would be passed over, and another version meant.
    private var takesVersion: Bool {
        switch self {
        case .putObject, .copyObject, .createMultipartUpload, .uploadPart, .uploadPartCopy,
            .completeMultipartUpload, .abortMultipartUpload, .listParts:
            false
        default: true
        }
    }

    var isWrite: Bool {
        switch self {
        case .listBuckets, .headBucket, .getBucketLocation, .getBucketVersioning,
            .getObjectLockConfiguration, .getBucketNotification, .getObjectRetention,
            .getObjectLegalHold, .listObjects,
            .listObjectsV2, .listObjectVersions, .listUploads, .getObject, .headObject,
            .getObjectAttributes,
            .getObjectTagging, .listParts:
            false
        default: true
        }
    }
}
