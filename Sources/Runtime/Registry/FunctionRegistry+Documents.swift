import Signing

extension FunctionRegistry {
    static func document(
        _ snapshot: FunctionRecord.Snapshot, _ name: String, _ arn: String,
        qualified: Bool = false, inList: Bool = false
    ) -> FunctionDocuments.Configuration {
        var document = FunctionDocuments.Configuration(
            FunctionName: name,
            FunctionArn: arn + (qualified ? ":\(snapshot.version)" : ""),
            Runtime: snapshot.runtime, Role: snapshot.role, Handler: snapshot.handler,
            CodeSize: snapshot.codeSize, Description: snapshot.description,
            Timeout: snapshot.timeoutSeconds, MemorySize: snapshot.memoryMB,
            LastModified: FunctionDocuments.time(snapshot.modifiedAt),
            CodeSha256: snapshot.codeSHA256, Version: snapshot.version,
            Environment: snapshot.environment.map { .init(Variables: $0) },
            DeadLetterConfig: snapshot.deadLetterTarget.map { .init(TargetArn: $0) },
            TracingConfig: .init(Mode: snapshot.tracingMode), RevisionId: snapshot.revisionID,
            Architectures: [snapshot.architecture],
            EphemeralStorage: .init(Size: snapshot.ephemeralStorageMB),
            RuntimeVersionConfig: .init(RuntimeVersionArn: runtimeARN(snapshot.runtime, arn)),
            LoggingConfig: .init(
                LogFormat: snapshot.logFormat.rawValue,
                ApplicationLogLevel: snapshot.applicationLogLevel,
                SystemLogLevel: snapshot.systemLogLevel, LogGroup: snapshot.logGroup))
        guard !inList else { return document }
        if snapshot.isPending {
            document.State = "Pending"
            document.StateReason = "The function is being created."
            document.StateReasonCode = "Creating"
            return document
        }
        document.State = "Active"
        document.LastUpdateStatus = snapshot.isUpdating ? "InProgress" : "Successful"
        if snapshot.isUpdating {
            document.LastUpdateStatusReason = "The function is being created."
            document.LastUpdateStatusReasonCode = "Creating"
        }
        return document
    }

    /// - Parameter function: whose region the runtime is in.
    private static func runtimeARN(_ runtime: String, _ function: String) -> String {
        let hex = Hex.encode(Checksum.of(Array(runtime.utf8), .sha256))
        let region = function.split(separator: ":").dropFirst(3).first ?? "us-east-1"
        return "arn:aws:lambda:\(region)::runtime:\(hex)"
    }
}
