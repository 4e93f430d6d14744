/// What a body that a store, a queue or a bus sent turned out to be.
public enum S3EventReading: Sendable, Equatable {
    /// Of objects; and what else stood beside them.
    case records(S3Notification)
    /// About no object: `s3:TestEvent`, a notification of nothing. There is nothing to do and nothing to keep.
    case greeting
    /// Of S3 Batch Operations, which waits for an ``S3BatchResponse``.
    case batch(S3BatchEvent)
    /// Nothing in it is known: to be kept until somebody looks.
    case unknown(reason: String)
}

/// The records of one body, in its order.
public struct S3Notification: Sendable, Equatable {
    public var records: [S3NotifiedRecord] = []
    /// What could not be read. Not empty: the rest is still to be done, and this is still to be kept.
    public var unknown: [S3UnknownPart] = []
    /// Of SQS: the id of every message, those too that are about no object. Not empty: an ``SQSBatchResponse`` is awaited.
    public var messageIDs: [String] = []

    public init() {}
}

/// A record, and the message that brought it.
public struct S3NotifiedRecord: Sendable, Equatable {
    public var record: S3Event.Record
    /// Of SQS; nil: it came in no message.
    public var messageID: String?

    public init(_ record: S3Event.Record, messageID: String? = nil) {
        self.record = record
        self.messageID = messageID
    }
}

/// A part of a body that is of no known shape, or that has no key.
public struct S3UnknownPart: Sendable, Equatable {
    /// For people.
    public var reason: String
    /// The part alone, as it came.
    public var body: [UInt8]
    /// As of ``S3NotifiedRecord``.
    public var messageID: String?

    public init(reason: String, body: [UInt8], messageID: String? = nil) {
        self.reason = reason
        self.body = body
        self.messageID = messageID
    }
}

/// Which messages of a batch are to be delivered again. None: all have been dealt with.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>
public struct SQSBatchResponse: Codable, Sendable, Equatable {
    public struct Failure: Codable, Sendable, Equatable {
        public var itemIdentifier: String

        public init(itemIdentifier: String) { self.itemIdentifier = itemIdentifier }
    }

    public var batchItemFailures: [Failure]

    /// - Parameter messageIDs: each once.
    public init(failed messageIDs: [String]) {
        batchItemFailures = messageIDs.map { Failure(itemIdentifier: $0) }
    }
}
