import Testing

@testable import S3

@Suite struct ClassificationTests {
    @Test(
        arguments: [
            (304, nil, S3Error.Kind.notModified), (400, nil, .invalidRequest),
            (401, nil, .badCredentials),
            (403, nil, .accessDenied), (404, nil, .noSuchKey), (405, nil, .notSupported),
            (408, nil, .timedOut), (409, nil, .conflict), (411, nil, .invalidRequest),
            (412, nil, .preconditionFailed), (413, nil, .tooLarge), (416, nil, .invalidRequest),
            (429, nil, .throttled), (499, nil, .interrupted), (500, nil, .unavailable),
            (501, nil, .notSupported), (502, nil, .unavailable), (503, nil, .unavailable),
            (504, nil, .unavailable), (507, nil, .noSpace), (301, nil, .invalidRequest),
            (404, "NoSuchBucket", .noSuchBucket), (404, "NoSuchKey", .noSuchKey),
            (404, "NoSuchVersion", .noSuchKey), (404, "NoSuchUpload", .noSuchUpload),
            (403, "InvalidAccessKeyId", .badCredentials),
            (403, "SignatureDoesNotMatch", .badCredentials),
            (403, "AccessDenied", .accessDenied), (400, "ExpiredToken", .expiredCredentials),
            (403, "RequestTimeTooSkewed", .clockSkew), (503, "SlowDown", .throttled),
            (503, "ServiceUnavailable", .throttled), (500, "InternalError", .unavailable),
            (400, "RequestTimeout", .timedOut), (403, "InvalidObjectState", .archived),
            (507, "XMinioStorageFull", .noSpace), (500, "XMinioStorageFull", .noSpace),
            (400, "XMinioAdminBucketQuotaExceeded", .noSpace), (403, "QuotaExceeded", .noSpace),
            (400, "EntityTooLarge", .tooLarge), (501, "NotImplemented", .notSupported),
            (400, "NotImplemented", .notSupported), (400, "BadDigest", .integrity),
            (400, "XAmzContentSHA256Mismatch", .integrity),
            (409, "ConditionalRequestConflict", .conflict),
            (409, "BucketNotEmpty", .conflict), (200, "InternalError", .unavailable),
            (200, "SlowDown", .throttled), (200, "NeverHeardOf", .unavailable),
            (400, "NeverHeardOf", .invalidRequest), (400, "IncompleteBody", .interrupted),
            (600, nil, .malformedAnswer),
        ] as [(Int, String?, S3Error.Kind)])
    func table(status: Int, code: String?, kind: S3Error.Kind) {
        #expect(Classification.kind(status: status, code: code, hasKey: true) == kind)
    }

    @Test func aMissingBucketIsNoMissingObject() {
        #expect(Classification.kind(status: 404, code: nil, hasKey: false) == .noSuchBucket)
    }

    @Test func errorBodies() {
        let aws = ErrorBody(
            Array(
                """
                <?xml version="1.0" encoding="UTF-8"?>
                <Error><Code>AuthorizationHeaderMalformed</Code><Message>The authorization header is malformed; \
                the region 'us-east-1' is wrong; expecting 'eu-west-1'</Message><Region>eu-west-1</Region>\
                <RequestId>R1</RequestId><HostId>h</HostId></Error>
                """.utf8))
        #expect(aws?.code == "AuthorizationHeaderMalformed")
        #expect(aws?.region == "eu-west-1")
        #expect(aws?.requestID == "R1")
        let wrapped = ErrorBody(
            Array(
                "<ErrorResponse xmlns=\"x\"><Error><Code>ExpiredToken</Code></Error><RequestId>R2</RequestId></ErrorResponse>"
                    .utf8))
        #expect(wrapped?.code == "ExpiredToken")
        #expect(wrapped?.requestID == "R2")
        #expect(ErrorBody([]) == nil)
        #expect(ErrorBody(Array("<html><body>502</body></html>".utf8)) == nil)
        #expect(ErrorBody(Array("Bad Gateway".utf8)) == nil)
        #expect(ErrorBody.excerpt(Array("Bad\nGateway".utf8)) == "Bad")
        #expect(
            ErrorBody.isError(
                Array("  \n<?xml version=\"1.0\"?>\n<Error><Code>X</Code></Error>".utf8)))
        #expect(!ErrorBody.isError(Array("<CopyObjectResult/>".utf8)))
    }

    @Test func descriptionsSayWhatAndWhy() {
        let error = S3Error(
            kind: .accessDenied, operation: "PutObject", connection: "minio", bucket: "b",
            key: "k\n", status: 403, code: "AccessDenied", message: "Access Denied.",
            requestID: "R", attempts: 2)
        #expect(
            "\(error)"
                == "PutObject s3://minio@b/k\\n: access denied (HTTP 403 AccessDenied): Access Denied.; "
                + "2 attempts; request R")
        #expect(error.hint != nil)
    }
}

@Suite struct RetryTests {
    private func decide(
        _ kind: S3Error.Kind, repeatable: Bool = true, attempt: Int = 1, elapsed: Duration = .zero,
        retryAfter: Duration? = nil, hasAnswered: Bool = true, random: Double = 0.5
    ) -> Retry.Decision {
        var policy = RetryPolicy()
        policy.attempts = 5
        policy.firstDelay = .milliseconds(100)
        return Retry.decision(
            kind, isRepeatable: repeatable, attempt: attempt, elapsed: elapsed,
            policy: policy, retryAfter: retryAfter, hasAnswered: hasAnswered,
            random: random)
    }

    @Test(arguments: S3Error.Kind.allCases)
    func kinds(kind: S3Error.Kind) {
        let always: Set<S3Error.Kind> = [.throttled, .unreachable]
        let whenRepeatable: Set<S3Error.Kind> = [.unavailable, .timedOut, .interrupted, .conflict]
        let retried = Retry.Decision.retry(after: .milliseconds(50))
        #expect(
            decide(kind) == (always.union(whenRepeatable).contains(kind) ? retried : .no))
        #expect(decide(kind, repeatable: false) == (always.contains(kind) ? retried : .no))
    }

    @Test func backOffGrowsToItsBound() {
        #expect(decide(.throttled, attempt: 2, random: 1) == .retry(after: .milliseconds(200)))
        #expect(decide(.throttled, attempt: 4, random: 1) == .retry(after: .milliseconds(800)))
        #expect(decide(.throttled, attempt: 5) == .no)
        var policy = RetryPolicy()
        policy.attempts = 100
        let late = Retry.decision(
            .throttled, isRepeatable: true, attempt: 60, elapsed: .zero, policy: policy,
            random: 1)
        #expect(late == .retry(after: policy.longestDelay))
        #expect(decide(.throttled, random: 0) == .retry(after: .zero))
    }

    @Test func budgetAndTheStoresWish() {
        #expect(decide(.throttled, retryAfter: .seconds(3)) == .retry(after: .seconds(3)))
        #expect(decide(.throttled, retryAfter: .seconds(61)) == .no)
        #expect(decide(.throttled, elapsed: .seconds(60)) == .no)
        #expect(Retry.after("7", now: 0) == .seconds(7))
        #expect(Retry.after("-7", now: 0) == nil)
        #expect(Retry.after(nil, now: 0) == nil)
        #expect(Retry.after("soon", now: 0) == nil)
        #expect(
            Retry.after("Thu, 01 Jan 1970 00:01:00 GMT", now: 20) == .seconds(40))
    }

    @Test func anEndpointThatNeverAnsweredIsGivenUpEarly() {
        #expect(decide(.unreachable, elapsed: .seconds(4)) == .retry(after: .milliseconds(50)))
        #expect(decide(.unreachable, elapsed: .seconds(4), hasAnswered: false) == .no)
        #expect(
            decide(.unreachable, hasAnswered: false) == .retry(after: .milliseconds(50)))
        #expect(
            decide(.throttled, elapsed: .seconds(4), hasAnswered: false)
                == .retry(after: .milliseconds(50)))
    }
}
