/// What a destination is told of an asynchronous event that has ended, exactly as Lambda words it.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>
struct InvocationRecord: Sendable {
    var event: QueuedEvent
    /// With its qualifier, "$LATEST" included.
    var functionARN: String
    /// "Success", "RetriesExhausted", "EventAgeExceeded" or "ZeroReservedConcurrency".
    var condition: String
    /// Attempts that ran.
    var invokeCount: Int
    /// Of the last attempt; nil when it never ran.
    var answer: InvocationAnswer?
    var executedVersion: String?
    /// Unix milliseconds.
    var time: Int64

    /// JSON. What the function was given and answered stands in it byte for byte.
    var document: [UInt8] {
        var text = Array("{\"version\":\"1.0\",\"timestamp\":\"".utf8)
        text += Array(JSONText.timestamp(time).utf8)
        text += Array("\",\"requestContext\":{\"requestId\":".utf8)
        text += JSONText.quoted(event.requestID)
        text += Array(",\"functionArn\":".utf8) + JSONText.quoted(functionARN)
        text += Array(",\"condition\":".utf8) + JSONText.quoted(condition)
        text += Array(",\"approximateInvokeCount\":\(invokeCount)},\"requestPayload\":".utf8)
        text += JSONText.embedded(event.payload)
        if let answer {
            text += Array(",\"responseContext\":{\"statusCode\":200,\"executedVersion\":".utf8)
            text += JSONText.quoted(executedVersion ?? "$LATEST")
            if answer.status != .success { text += Array(",\"functionError\":\"Unhandled\"".utf8) }
            text += Array("},\"responsePayload\":".utf8) + JSONText.embedded(answer.payload)
        }
        text.append(UInt8(ascii: "}"))
        return text
    }

    /// What a dead-letter queue is told beside the event itself.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html#invocation-dlq>
    var deadLetterAttributes: [String: String] {
        let message = answer.flatMap { ErrorBody.message(in: $0.payload) } ?? condition
        return [
            "RequestID": event.requestID, "ErrorCode": "200",
            "ErrorMessage": String(message.prefix(1024)),
        ]
    }
}
