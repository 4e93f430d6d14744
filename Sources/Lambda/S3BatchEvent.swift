/// Tasks of S3 Batch Operations, in both versions of its event.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html>
public struct S3BatchEvent: Codable, Sendable, Equatable {
    public struct Job: Codable, Sendable, Equatable {
        public var id: String
        /// Version 2.0.
        public var userArguments: [String: String]?
    }

    public struct Task: Codable, Sendable, Equatable {
        public var taskId: String
        /// Percent-encoded; see ``keyBytes``.
        public var s3Key: String
        /// nil: the object as it is now.
        public var s3VersionId: String?
        /// Version 1.0.
        public var s3BucketArn: String?
        /// Version 2.0: the name.
        public var s3Bucket: String?

        /// By either version.
        public var bucketName: String? {
            s3Bucket ?? s3BucketArn?.split(separator: ":").last.map { String($0) }
        }

        /// nil where a `%` is not followed by two hexadecimal digits.
        public var keyBytes: [UInt8]? { S3Event.Object(key: s3Key).keyBytes(.percent) }
    }

    /// "1.0" or "2.0".
    public var invocationSchemaVersion: String
    public var invocationId: String
    public var job: Job
    public var tasks: [Task]
}

extension S3BatchEvent {
    /// nil unless every task can be answered: Batch Operations waits for a result of each.
    init?(_ members: [String: JSONView]) {
        guard let version = members["invocationSchemaVersion"]?.text,
            let id = members["invocationId"]?.text, let list = members["tasks"], list.isArray
        else { return nil }
        invocationSchemaVersion = version
        invocationId = id
        let job = members["job"]?.members() ?? [:]
        self.job = Job(
            id: job["id"]?.text ?? "",
            userArguments: job["userArguments"].map { $0.members().compactMapValues(\.text) })
        tasks = []
        for view in list.elements(limit: S3EventReader.mostParts + 1) {
            let task = view.members()
            guard let taskID = task["taskId"]?.text, tasks.count < S3EventReader.mostParts else {
                return nil
            }
            tasks.append(
                Task(
                    taskId: taskID,
                    s3Key: S3Event.Object.writable(task["s3Key"]?.string ?? [], .percent).key,
                    s3VersionId: task["s3VersionId"]?.nonEmptyText,
                    s3BucketArn: task["s3BucketArn"]?.text, s3Bucket: task["s3Bucket"]?.text))
        }
    }
}

/// What became of the tasks of one ``S3BatchEvent``.
public struct S3BatchResponse: Codable, Sendable, Equatable {
    public enum ResultCode: String, Codable, Sendable {
        case succeeded = "Succeeded"
        /// The task is tried again.
        case temporaryFailure = "TemporaryFailure"
        case permanentFailure = "PermanentFailure"
    }

    public struct Result: Codable, Sendable, Equatable {
        public var taskId: String
        public var resultCode: ResultCode
        /// For the job's report.
        public var resultString: String

        public init(taskId: String, resultCode: ResultCode, resultString: String) {
            self.taskId = taskId
            self.resultCode = resultCode
            self.resultString = resultString
        }
    }

    public var invocationSchemaVersion: String
    public var treatMissingKeysAs: ResultCode
    public var invocationId: String
    public var results: [Result]

    /// - Parameter results: one for each task. A task that has none is tried again.
    public init(to event: S3BatchEvent, results: [Result]) {
        invocationSchemaVersion = event.invocationSchemaVersion
        treatMissingKeysAs = .temporaryFailure
        invocationId = event.invocationId
        self.results = results
    }
}
