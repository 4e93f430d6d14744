/// Reads what stores, queues and buses send about objects, told apart by their shape and never by who posted it.
///
/// Known are the notifications of AWS, MinIO and Ceph; S3's events from EventBridge, one or an array; messages of SQS and of SNS
/// with one of these inside, and SNS inside SQS; R2's queue messages, one, an array, or as a queue hands them out; and tasks of
/// S3 Batch Operations. Unknown members are ignored. A record that cannot be read takes no other with it.
///
/// A body is data of whoever may post it: its size, depth and number of parts have limits, and nothing in it is followed or
/// trusted, the sequencer neither.
public enum S3EventReader {
    /// The largest event that Lambda takes: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
    public static let longestBody = 6 << 20
    /// Records, messages and elements of arrays, all in all. SQS gives at most 10,000 messages at once.
    public static let mostParts = 20_000

    public static func read(_ body: [UInt8]) -> S3EventReading {
        guard body.count <= longestBody else {
            return .unknown(reason: "\(body.count) bytes, more than \(longestBody)")
        }
        let view: JSONView
        do {
            view = try JSONView(document: body)
        } catch {
            return .unknown(reason: "no JSON: \(error)")
        }
        let members = view.members()
        if members["invocationSchemaVersion"] != nil, members["tasks"] != nil {
            return S3BatchEvent(members).map { .batch($0) }
                ?? .unknown(
                    reason: "S3 Batch Operations without its ids or with a task without one")
        }
        var collector = S3EventCollector()
        collector.add(view)
        return collector.reading
    }
}

/// What has been found so far in a body.
struct S3EventCollector {
    /// A body in a body in a body: EventBridge in SNS in SQS is three.
    private static let deepestNesting = 4

    private var found = S3Notification()
    private var partCount = 0

    var reading: S3EventReading {
        guard partCount <= S3EventReader.mostParts else {
            return .unknown(reason: "more than \(S3EventReader.mostParts) parts")
        }
        if found.messageIDs.isEmpty, found.records.isEmpty {
            guard let first = found.unknown.first else { return .greeting }
            return .unknown(reason: first.reason)
        }
        return .records(found)
    }

    /// One part more; false when they are too many, and the body is not read on.
    mutating func count() -> Bool {
        partCount += 1
        return partCount <= S3EventReader.mostParts
    }

    mutating func keep(_ record: S3Event.Record, messageID: String?) {
        found.records.append(S3NotifiedRecord(record, messageID: messageID))
    }

    mutating func park(_ reason: String, _ body: [UInt8], messageID: String?) {
        found.unknown.append(S3UnknownPart(reason: reason, body: body, messageID: messageID))
    }

    /// Anything that may be a body of its own.
    mutating func add(_ view: JSONView, messageID: String? = nil, nesting: Int = 0) {
        guard count() else { return }
        guard nesting <= Self.deepestNesting else {
            return park(
                "bodies in bodies, more than \(Self.deepestNesting)", view.json,
                messageID: messageID)
        }
        if view.isArray {
            let elements = view.elements(limit: S3EventReader.mostParts)
            if elements.isEmpty { park("an empty array", view.json, messageID: messageID) }
            for element in elements { add(element, messageID: messageID, nesting: nesting + 1) }
            return
        }
        let members = view.members()
        if let records = members["Records"], records.isArray {
            for record in records.elements(limit: S3EventReader.mostParts) {
                addRecord(record, messageID: messageID, nesting: nesting)
            }
        } else if let messages = (members["result"]?.members() ?? members)["messages"],
            messages.isArray
        {
            for message in messages.elements(limit: S3EventReader.mostParts) {
                addQueued(message, messageID: messageID, nesting: nesting)
            }
        } else if members["detail-type"] != nil {
            addFromEventBridge(view, members, messageID: messageID)
        } else if members["TopicArn"] != nil, let type = members["Type"]?.text {
            addFromSNS(view, members, type: type, messageID: messageID, nesting: nesting)
        } else if let action = members["action"]?.text {
            addFromR2(view, members, action: action, messageID: messageID)
        } else if !isGreeting(view, members) {
            park("no known shape", view.json, messageID: messageID)
        }
    }

    /// AWS, and stores that do as it does, ask whether anybody is there; and a notification may be of nothing.
    private func isGreeting(_ view: JSONView, _ members: [String: JSONView]) -> Bool {
        let event = members["Event"]?.text ?? members["EventName"]?.text
        return event == "s3:TestEvent" || view.isObject && members.isEmpty
            || members["Records"]?.isNull == true
    }

    /// A text that is to be a body.
    mutating func add(text: [UInt8], messageID: String?, nesting: Int) {
        do {
            add(try JSONView(document: text), messageID: messageID, nesting: nesting)
        } catch {
            park("no JSON: \(error)", text, messageID: messageID)
        }
    }

    /// An element of `Records`: a message of a queue or a topic, or an object.
    private mutating func addRecord(_ view: JSONView, messageID: String?, nesting: Int) {
        guard count() else { return }
        let members = view.members()
        switch (members["eventSource"] ?? members["EventSource"])?.text {
        case "aws:sqs":
            guard let id = members["messageId"]?.text else {
                return park("a message of SQS without its id", view.json, messageID: messageID)
            }
            found.messageIDs.append(id)
            guard let body = members["body"]?.string else {
                return park("a message of SQS without a body", view.json, messageID: id)
            }
            add(text: body, messageID: id, nesting: nesting + 1)
        case "aws:sns":
            guard let text = members["Sns"]?["Message"]?.string else {
                return park(
                    "a notification of SNS without its message", view.json, messageID: messageID)
            }
            add(text: text, messageID: messageID, nesting: nesting + 1)
        default:
            addObject(view, members, messageID: messageID)
        }
    }

    /// SNS as it posts to a web server or to a queue.
    ///
    /// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html>
    private mutating func addFromSNS(
        _ view: JSONView, _ members: [String: JSONView], type: String, messageID: String?,
        nesting: Int
    ) {
        switch type {
        case "Notification":
            guard let text = members["Message"]?.string else {
                return park(
                    "a notification of SNS without its message", view.json, messageID: messageID)
            }
            add(text: text, messageID: messageID, nesting: nesting + 1)
        case "UnsubscribeConfirmation": break
        case "SubscriptionConfirmation":
            // Whoever can post here could make us open any URL.
            park("SNS waits until somebody opens its SubscribeURL", view.json, messageID: messageID)
        default: park("SNS with an unknown Type", view.json, messageID: messageID)
        }
    }
}
