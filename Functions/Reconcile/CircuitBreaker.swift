import S3

/// Ends a run whose every key fails for the same reason: a store that refuses or cannot be reached. Pure.
struct CircuitBreaker {
    /// Failures of the store, before any success, that end the run.
    static let firstFailures = 8
    /// Failures of the store without a success between them that end it later.
    static let laterFailures = 64

    private var hasSucceeded = false
    private var inARow = 0

    mutating func succeeded() {
        hasSucceeded = true
        inARow = 0
    }

    /// - Returns: true when the run should end.
    mutating func failed(_ kind: S3Error.Kind?) -> Bool {
        guard let kind, Self.concernsStore(kind) else {
            inARow = 0
            return false
        }
        inARow += 1
        // A refusal in the middle of a run may be about a few keys under a policy of their own.
        if hasSucceeded, kind == .accessDenied { return false }
        return inARow >= (hasSucceeded ? Self.laterFailures : Self.firstFailures)
    }

    /// True for what the next key would meet as well.
    static func concernsStore(_ kind: S3Error.Kind) -> Bool {
        switch kind {
        case .noSuchBucket, .accessDenied, .badCredentials, .expiredCredentials, .noCredentials,
            .clockSkew, .throttled, .unavailable, .unreachable, .untrusted, .timedOut, .noSpace:
            true
        case .noSuchKey, .noSuchUpload, .preconditionFailed, .conflict, .notModified, .interrupted,
            .archived, .tooLarge, .notSupported, .invalidRequest, .malformedAnswer, .integrity,
            .cancelled:
            false
        }
    }
}
