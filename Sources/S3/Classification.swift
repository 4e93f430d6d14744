/// What an answer means: the one table from status and code to kind.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
enum Classification {
    /// - Parameters:
    ///   - code: S3's own, when the answer had a body. HEAD has none.
    ///   - hasKey: whether the request named an object; else 404 means the bucket.
    static func kind(status: Int, code: String?, hasKey: Bool) -> S3Error.Kind {
        if let code, let kind = kind(code: code, status: status) { return kind }
        switch status {
        case 304: return .notModified
        case 401: return .badCredentials
        case 403: return .accessDenied
        case 404, 410: return hasKey ? .noSuchKey : .noSuchBucket
        case 405, 501: return .notSupported
        // 499 is what proxies say when the client's connection broke.
        case 408: return .timedOut
        case 499: return .interrupted
        case 409: return .conflict
        case 412: return .preconditionFailed
        case 413: return .tooLarge
        case 429, 509: return .throttled
        case 507: return .noSpace
        case 300...499: return .invalidRequest
        case 500...599: return .unavailable
        // An error document in an answer of success, with a code nobody knows: the store failed half-way.
        case 200...299: return .unavailable
        default: return .malformedAnswer
        }
    }

    /// By code alone; nil for a code that says no more than the status.
    private static func kind(code: String, status: Int) -> S3Error.Kind? {
        switch code {
        case "NoSuchBucket": .noSuchBucket
        case "NoSuchKey", "NoSuchVersion": .noSuchKey
        case "NoSuchUpload": .noSuchUpload
        case "PreconditionFailed": .preconditionFailed
        case "ConditionalRequestConflict", "OperationAborted", "BucketAlreadyExists",
            "BucketAlreadyOwnedByYou", "BucketNotEmpty":
            .conflict
        case "NotModified": .notModified
        case "AccessDenied", "AllAccessDisabled", "AccountProblem", "UnauthorizedAccess":
            .accessDenied
        case "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "InvalidSecurity",
            "AuthorizationHeaderMalformed", "AuthFailure", "NotSignedUp", "InvalidClientTokenId",
            "MissingSecurityHeader", "UnauthorizedAccessError":
            .badCredentials
        case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired": .expiredCredentials
        case "RequestTimeTooSkewed", "RequestInTheFuture": .clockSkew
        case "SlowDown", "SlowDownRead", "SlowDownWrite", "TooManyRequests", "Throttling",
            "ThrottlingException", "ThrottledException", "RequestThrottled",
            "RequestLimitExceeded", "BandwidthLimitExceeded", "TooManyRequestsException",
            "XMinioServerBusy", "ServiceUnavailable", "Busy":
            .throttled
        case "InternalError", "InternalFailure", "InternalServerError", "BadGateway": .unavailable
        case "RequestTimeout", "RequestTimeoutException": .timedOut
        case "IncompleteBody": .interrupted
        case "InvalidObjectState", "ObjectNotInActiveTierError", "ObjectInArchive": .archived
        // MinIO answers 507 or 500 with the first; quotas are 400 at most stores.
        case "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "QuotaExceeded",
            "InsufficientStorage", "InsufficientCapacity", "StorageFull", "InsufficientSpace":
            .noSpace
        case "EntityTooLarge", "MaxMessageLengthExceeded": .tooLarge
        case "NotImplemented", "XNotImplemented", "MethodNotAllowed", "UnsupportedOperation",
            "Unsupported", "AccessControlListNotSupported":
            .notSupported
        case "BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch",
            "ContentSHA256Mismatch", "ChecksumMismatch":
            .integrity
        default: nil
        }
    }

    /// Whether the answer asks for fewer requests at a time.
    static func isThrottle(status: Int, kind: S3Error.Kind) -> Bool {
        kind == .throttled || status == 503 || status == 429
            || (kind == .timedOut && status == 400)
    }
}
