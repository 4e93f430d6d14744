import Signing
import Transport

/// An answer, or its absence, that is not what was asked for: one attempt's failure, before anything is decided about it.
struct Refusal {
    var kind: S3Error.Kind
    var status: Int?
    var code: String?
    var message: String
    var requestID: String?
    var retryAfter: Duration?
    /// False only when the store cannot have seen the request.
    var mayHaveBeenSent = true
    var advice: RouteAdvice?
    /// The server's `Date`.
    var date: String?

    init(kind: S3Error.Kind, message: String) {
        self.kind = kind
        self.message = message
    }

    init(_ error: TransportError) {
        kind =
            switch error.kind {
            case .unresolvedHost, .notConnected: .unreachable
            case .untrusted: .untrusted
            case .timedOut: .timedOut
            case .interrupted: .interrupted
            case .malformed: .malformedAnswer
            case .cancelled: .cancelled
            case .invalidRequest: .invalidRequest
            }
        message = error.description
        mayHaveBeenSent = error.mayHaveBeenSent
    }

    /// From an answer other than success.
    init(_ head: HTTPResponseHead, body: [UInt8], hasKey: Bool) {
        status = head.status
        let error = ErrorBody(body)
        code = error?.code
        message = error?.message ?? (body.isEmpty ? "" : ErrorBody.excerpt(body))
        kind = Classification.kind(status: head.status, code: code, hasKey: hasKey)
        var location: String?
        var region: String?
        var isDeleteMarker = false
        for (name, value) in head.headers {
            switch name.lowercased() {
            case "x-amz-request-id": requestID = value
            case "x-amz-bucket-region": region = value
            case "x-amz-delete-marker": isDeleteMarker = value == "true"
            // MinIO says what HEAD cannot: <https://github.com/minio/minio/blob/master/cmd/api-response.go>
            case "x-minio-error-code" where code == nil: code = value
            case "x-minio-error-desc" where message.isEmpty: message = ETag(value).value
            case "retry-after":
                retryAfter = Retry.after(value, now: Timestamps.nowMilliseconds() / 1000)
            case "location": location = value
            case "date": date = value
            default: break
            }
        }
        requestID = requestID ?? error?.requestID
        date = date ?? error?.serverTime.map(Timestamps.httpDate)
        if error == nil, code != nil {
            kind = Classification.kind(status: head.status, code: code, hasKey: hasKey)
        }
        // A delete marker asked for by its id: there is no object to read.
        if isDeleteMarker, hasKey, head.status == 405 { kind = .noSuchKey }
        advice = Self.advice(
            status: head.status, region: region ?? error?.region, endpoint: error?.endpoint,
            location: location)
    }

    private static func advice(
        status: Int, region: String?, endpoint: String?, location: String?
    ) -> RouteAdvice? {
        guard (300...308).contains(status) && status != 304 || status == 400 || status == 403 else {
            return nil
        }
        var advice = RouteAdvice(region: region)
        if (300...308).contains(status) {
            if let location, case .success(let place) = Endpoint.parse(url: location) {
                advice.authority = place.authority
                advice.scheme = place.scheme
            } else if let endpoint,
                case .success(let place) = Endpoint.parse(url: "https://" + endpoint)
            {
                advice.authority = place.authority
            }
        }
        return advice.region == nil && advice.authority == nil ? nil : advice
    }

    /// What it tells of the endpoint's load.
    var outcome: ConcurrencyGate.Outcome {
        Classification.isThrottle(status: status ?? 0, kind: kind) ? .throttled : .failed
    }

    /// As the operation's error.
    func error(
        _ request: S3Request, connection: String, attempts: Int, elapsed: Duration
    ) -> S3Error {
        S3Error(
            kind: kind, operation: request.operation, connection: connection,
            bucket: request.bucket.isEmpty ? nil : request.bucket, key: request.key,
            status: status, code: code, message: message, requestID: requestID,
            attempts: attempts, elapsed: elapsed)
    }
}
