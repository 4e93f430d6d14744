import FoundationEssentials

/// What a runtime said of one event, or of its own init.
struct RuntimeResult {
    var status: InvocationAnswer.Status
    var payload: [UInt8]
    var errorType: String?

    static func success(_ payload: [UInt8]) -> RuntimeResult {
        RuntimeResult(status: .success, payload: payload)
    }

    /// An error as the runtime reported it: the bytes are forwarded, they may not even be JSON.
    ///
    /// - Parameter header: `Lambda-Runtime-Function-Error-Type`, which clients leave out or fill with a constant.
    static func error(_ body: [UInt8], header: String?, contentType: String? = nil) -> RuntimeResult
    {
        let type = header.flatMap { isKnownErrorType($0) ? $0 : nil } ?? ErrorBody.type(in: body)
        let hasCause = contentType == "application/vnd.aws.lambda.error.cause+json"
        return RuntimeResult(
            status: .error, payload: hasCause ? ErrorBody.withoutCause(body) : body,
            errorType: type ?? "Runtime.Unknown")
    }

    /// An error of the environment's own making.
    static func failure(
        _ status: InvocationAnswer.Status, _ errorType: String, _ message: String
    ) -> RuntimeResult {
        RuntimeResult(
            status: status, payload: ErrorBody.make(errorType: errorType, message: message),
            errorType: errorType)
    }

    static let tooLarge = RuntimeResult(
        status: .error,
        payload: Array(
            ("{\"errorMessage\":\"Response payload size exceeded maximum allowed payload size "
                + "(\(RuntimeSession.responseBytesMaximum) bytes).\","
                + "\"errorType\":\"Function.ResponseSizeTooLarge\"}").utf8),
        errorType: "Function.ResponseSizeTooLarge")

    static let invalidResponseMode = failure(
        .error, "Runtime.InvalidResponseModeHeader", "Invalid function response mode")

    /// `(Runtime|Function)\.[A-Z][a-zA-Z]+`, as AWS's emulator has it.
    static func isKnownErrorType(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 2, ["Runtime", "Function"].contains(String(parts[0]) ?? ""),
            let first = parts[1].first, (65...90).contains(first), parts[1].count > 1
        else { return false }
        return parts[1].allSatisfy { (65...90).contains($0) || (97...122).contains($0) }
    }
}

/// The error documents: made where the environment speaks, read where the runtime does.
enum ErrorBody {
    /// In the order in which the service prints them; sorting keys gives "errorMessage" first.
    static func make(errorType: String, message: String) -> [UInt8] {
        Array(
            "{\"errorType\":\(JSONText.string(errorType)),\"errorMessage\":\(JSONText.string(message))}"
                .utf8)
    }

    private struct Typed: Decodable { var errorType: String }

    static func type(in body: [UInt8]) -> String? {
        // A body without a type, or that is no JSON at all, is the runtime's right; it has no type then.
        try? JSONDecoder().decode(Typed.self, from: Data(body)).errorType
    }

    private struct Message: Decodable { var errorMessage: String }

    static func message(in body: [UInt8]) -> String? {
        // A function may answer anything.
        try? JSONDecoder().decode(Message.self, from: Data(body)).errorMessage
    }

    private struct Stripped: Codable {
        var errorMessage: String?
        var errorType: String?
        var stackTrace: [String]?
    }

    static func withoutCause(_ body: [UInt8]) -> [UInt8] {
        do {
            let error = try JSONDecoder().decode(Stripped.self, from: Data(body))
            return Array(try JSONEncoder().encode(error))
        } catch {
            return body
        }
    }
}
