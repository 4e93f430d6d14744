import NIOHTTP1

/// A small answer of the Runtime API: everything but an event.
struct RuntimeAPIAnswer {
    var status: HTTPResponseStatus
    var body: String
    var contentType: String

    init(_ status: HTTPResponseStatus, body: String, contentType: String = "application/json") {
        self.status = status
        self.body = body
        self.contentType = contentType
    }

    init(_ status: HTTPResponseStatus, errorType: String, message: String) {
        self.init(
            status,
            body: "{\"errorMessage\":\(JSONText.string(message)),"
                + "\"errorType\":\(JSONText.string(errorType))}")
    }

    static let accepted = RuntimeAPIAnswer(.accepted, body: "{\"status\":\"OK\"}\n")
    static let pong = RuntimeAPIAnswer(.ok, body: "pong", contentType: "text/plain")
    static let notFound = RuntimeAPIAnswer(
        .notFound, body: "404 page not found\n", contentType: "text/plain")
    static let invalidRequestID = RuntimeAPIAnswer(
        .badRequest, errorType: "InvalidRequestID", message: "Invalid request ID")
    static let invalidResponseMode = RuntimeAPIAnswer(
        .badRequest, errorType: "InvalidFunctionResponseMode",
        message: "Invalid function response mode")
    static let truncated = RuntimeAPIAnswer(
        .badRequest, errorType: "TruncatedHTTPRequest",
        message: "HTTP request detected as truncated")
    static let tooLarge = RuntimeAPIAnswer(
        .payloadTooLarge, errorType: "RequestEntityTooLarge",
        message: "Exceeded maximum allowed payload size "
            + "(\(RuntimeSession.responseBytesMaximum) bytes).")
    /// 202 and not an error status, so that a client's optional telemetry does not end it.
    static let telemetryNotSupported = RuntimeAPIAnswer(
        .accepted, errorType: "Telemetry.NotSupported", message: "Telemetry API is not supported")
    static let logsNotSupported = RuntimeAPIAnswer(
        .accepted, errorType: "Logs.NotSupported", message: "Logs API is not supported")
}
