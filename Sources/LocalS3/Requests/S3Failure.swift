/// An answer that refuses a request: S3's code, its HTTP status and a message for people.
struct S3Failure: Error, Sendable, Equatable {
    let code: Code
    let message: String
    /// More elements of the error document: name and text.
    var details: [Detail] = []
    /// More headers of the answer.
    var headers: [NamedValue] = []

    struct Detail: Sendable, Equatable {
        enum Name: Sendable {
            case actualObjectSize, actualPartCount, argumentName, argumentValue, bucketName
            case condition, etag, key, method, partNumber, partNumberRequested, rangeRequested
            case region, resourceType, storageClassRequested, tagKey, uploadID, versionID
        }
        let name: Name
        let value: String
    }

    init(_ code: Code, _ message: String? = nil, details: [Detail] = []) {
        self.code = code
        self.message = message ?? code.message
        self.details = details
    }

    var status: Int { code.status }

    static func invalidArgument(_ message: String, name: String, value: String) -> S3Failure {
        S3Failure(
            .invalidArgument, message,
            details: [
                Detail(name: .argumentName, value: name),
                Detail(name: .argumentValue, value: value),
            ])
    }

    static func notImplemented(_ header: String) -> S3Failure {
        S3Failure(
            .notImplemented,
            "A header you provided implies functionality that is not implemented: \(header)")
    }
}

extension S3Failure {
    /// The codes by their names in the XML.
    ///
    /// Source of names and statuses: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>; the messages
    /// are those that S3 sends, as recorded in
    /// <https://github.com/localstack/localstack/tree/main/tests/aws/services/s3> (the `.snapshot.json` files).
    enum Code: String, Sendable, CaseIterable {
        case accessDenied = "AccessDenied"
        case authorizationHeaderMalformed = "AuthorizationHeaderMalformed"
        case authorizationQueryParametersError = "AuthorizationQueryParametersError"
        case badDigest = "BadDigest"
        case badRequest = "BadRequest"
        case bucketAlreadyOwnedByYou = "BucketAlreadyOwnedByYou"
        case bucketNotEmpty = "BucketNotEmpty"
        case conditionalRequestConflict = "ConditionalRequestConflict"
        case entityTooLarge = "EntityTooLarge"
        case entityTooSmall = "EntityTooSmall"
        case illegalVersioningConfigurationException = "IllegalVersioningConfigurationException"
        case illegalLocationConstraintException = "IllegalLocationConstraintException"
        case incompleteBody = "IncompleteBody"
        case internalError = "InternalError"
        case invalidAccessKeyID = "InvalidAccessKeyId"
        case invalidArgument = "InvalidArgument"
        case invalidBucketState = "InvalidBucketState"
        case invalidBucketName = "InvalidBucketName"
        case invalidDigest = "InvalidDigest"
        case invalidPart = "InvalidPart"
        case invalidPartNumber = "InvalidPartNumber"
        case invalidPartOrder = "InvalidPartOrder"
        case invalidRange = "InvalidRange"
        case invalidRequest = "InvalidRequest"
        case invalidStorageClass = "InvalidStorageClass"
        case invalidTag = "InvalidTag"
        case invalidURI = "InvalidURI"
        case keyTooLong = "KeyTooLongError"
        case malformedTrailer = "MalformedTrailerError"
        case malformedXML = "MalformedXML"
        case maxMessageLengthExceeded = "MaxMessageLengthExceeded"
        case metadataTooLarge = "MetadataTooLarge"
        case methodNotAllowed = "MethodNotAllowed"
        case missingContentLength = "MissingContentLength"
        case noSuchObjectLockConfiguration = "NoSuchObjectLockConfiguration"
        case objectLockConfigurationNotFound = "ObjectLockConfigurationNotFoundError"
        case noSuchBucket = "NoSuchBucket"
        case noSuchKey = "NoSuchKey"
        case noSuchUpload = "NoSuchUpload"
        case noSuchVersion = "NoSuchVersion"
        case notImplemented = "NotImplemented"
        case notModified = "NotModified"
        case preconditionFailed = "PreconditionFailed"
        case requestHeaderSectionTooLarge = "RequestHeaderSectionTooLarge"
        case requestTimeout = "RequestTimeout"
        case requestTimeTooSkewed = "RequestTimeTooSkewed"
        case signatureDoesNotMatch = "SignatureDoesNotMatch"
        case slowDown = "SlowDown"
        case storageFull = "StorageFull"
        case contentSHA256Mismatch = "XAmzContentSHA256Mismatch"

        var status: Int {
            switch self {
            case .notModified: 304
            case .accessDenied, .invalidAccessKeyID, .requestTimeTooSkewed, .signatureDoesNotMatch:
                403
            case .noSuchBucket, .noSuchKey, .noSuchObjectLockConfiguration, .noSuchUpload,
                .noSuchVersion,
                .objectLockConfigurationNotFound:
                404
            case .methodNotAllowed: 405
            case .bucketAlreadyOwnedByYou, .bucketNotEmpty, .conditionalRequestConflict,
                .invalidBucketState:
                409
            case .missingContentLength: 411
            case .preconditionFailed: 412
            case .invalidRange, .invalidPartNumber: 416
            case .internalError: 500
            case .notImplemented: 501
            case .slowDown: 503
            case .storageFull: 507
            default: 400
            }
        }

        var message: String {
            switch self {
            case .accessDenied: "Access Denied"
            case .badDigest:
                "The Content-MD5 you specified did not match what we received."
            case .bucketAlreadyOwnedByYou:
                "Your previous request to create the named bucket succeeded and you already own it."
            case .bucketNotEmpty: "The bucket you tried to delete is not empty"
            case .conditionalRequestConflict:
                "The conditional request cannot succeed due to a conflicting operation against this resource."
            case .entityTooLarge: "Your proposed upload exceeds the maximum allowed size"
            case .entityTooSmall: "Your proposed upload is smaller than the minimum allowed size"
            case .incompleteBody:
                "You did not provide the number of bytes specified by the Content-Length HTTP header."
            case .internalError: "We encountered an internal error. Please try again."
            case .invalidAccessKeyID:
                "The AWS Access Key Id you provided does not exist in our records."
            case .invalidBucketName: "The specified bucket is not valid."
            case .invalidDigest: "The Content-MD5 you specified was invalid."
            case .invalidPart:
                "One or more of the specified parts could not be found.  The part may not have been uploaded, "
                    + "or the specified entity tag may not match the part's entity tag."
            case .invalidPartNumber: "The requested partnumber is not satisfiable"
            case .invalidPartOrder:
                "The list of parts was not in ascending order. Parts must be ordered by part number."
            case .invalidRange: "The requested range is not satisfiable"
            case .invalidStorageClass: "The storage class you specified is not valid"
            case .invalidURI: "Couldn't parse the specified URI."
            case .keyTooLong: "Your key is too long"
            case .malformedTrailer:
                "The request contained trailing data that was not well-formed or did not conform to our published schema."
            case .malformedXML:
                "The XML you provided was not well-formed or did not validate against our published schema"
            case .maxMessageLengthExceeded: "Your request was too large."
            case .metadataTooLarge:
                "Your metadata headers exceed the maximum allowed metadata size"
            case .methodNotAllowed: "The specified method is not allowed against this resource."
            case .missingContentLength: "You must provide the Content-Length HTTP header."
            case .noSuchBucket: "The specified bucket does not exist"
            case .noSuchObjectLockConfiguration:
                "The specified object does not have a ObjectLock configuration"
            case .objectLockConfigurationNotFound:
                "Object Lock configuration does not exist for this bucket"
            case .noSuchKey: "The specified key does not exist."
            case .noSuchUpload:
                "The specified upload does not exist. The upload ID may be invalid, or the upload may have been "
                    + "aborted or completed."
            case .noSuchVersion: "The specified version does not exist."
            case .notImplemented:
                "A header you provided implies functionality that is not implemented"
            case .preconditionFailed:
                "At least one of the pre-conditions you specified did not hold"
            case .requestHeaderSectionTooLarge:
                "The request header and query parameters used to make the request exceed the maximum allowed size."
            case .requestTimeout:
                "Your socket connection to the server was not read from or written to within the timeout period."
            case .requestTimeTooSkewed:
                "The difference between the request time and the current time is too large."
            case .signatureDoesNotMatch:
                "The request signature we calculated does not match the signature you provided. "
                    + "Check your key and signing method."
            case .slowDown: "Please reduce your request rate."
            case .storageFull: "There is no space left to store the object."
            case .contentSHA256Mismatch:
                "The provided 'x-amz-content-sha256' header does not match what was computed."
            default: "The request is not valid."
            }
        }
    }
}

extension S3Failure {
    /// What the folder's refusal means to a client.
    init(_ error: StorageError) {
        switch error.kind {
        case .noSpace: self.init(.storageFull)
        case .tooManyOpenFiles: self.init(.slowDown)
        case .queueFull:
            self.init(
                .slowDown, "Too many notifications wait for a webhook that does not take them.")
        default: self.init(.internalError)
        }
    }
}
