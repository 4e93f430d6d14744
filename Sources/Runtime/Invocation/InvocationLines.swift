import Lambda

/// Which of the runtime's lines a function's log gets: as text, or as JSON by its level.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>
enum InvocationLines {
    static func start(_ attempt: InvocationAttempt, _ microseconds: Int64) -> [String] {
        let version = attempt.resolved.version
        let lines = ReportLines(
            requestID: attempt.requestID, functionARN: version.functionARN,
            version: version.version, durationNanoseconds: 0, billedMilliseconds: 0,
            memoryMB: version.memoryMB, status: .success)
        guard version.logFormat == .json else { return [lines.start] }
        return version.systemLogLevel == "WARN"
            ? [] : [lines.startJSON(time: JSONText.timestamp(microseconds / 1000))]
    }

    /// - Parameter card: decides what is billed.
    static func end(
        _ entry: LedgerEntry, _ version: FunctionVersion, _ card: RateCard,
        _ traceHeader: String, producedBytes: Int
    ) -> [String] {
        var trace: (id: String, segment: String)?
        if version.tracingMode == "Active", traceHeader.contains("Sampled=1"),
            let root = TraceID.root(of: traceHeader),
            let parent = traceHeader.split(separator: ";").first(where: { $0.hasPrefix("Parent=") })
        {
            trace = (String(root), String(parent.dropFirst(7)))
        }
        let lines = ReportLines(
            requestID: entry.requestID, functionARN: version.functionARN,
            version: version.version, durationNanoseconds: entry.durationNanoseconds,
            billedMilliseconds: card.billedMilliseconds(
                duration: .nanoseconds(entry.durationNanoseconds),
                initDuration: .nanoseconds(entry.initNanoseconds)),
            memoryMB: entry.memoryMB, maxMemoryUsedMB: entry.maxMemoryUsedMB,
            initNanoseconds: entry.initNanoseconds > 0 ? entry.initNanoseconds : nil,
            status: entry.status, errorType: entry.errorType, trace: trace)
        guard version.logFormat == .json else {
            return [lines.end, lines.report] + (lines.xray.map { [$0] } ?? [])
        }
        guard version.systemLogLevel != "WARN" else { return [] }
        let time = JSONText.timestamp(
            (entry.startMicroseconds + entry.durationNanoseconds / 1000) / 1000)
        let done = lines.runtimeDoneJSON(time: time, producedBytes: producedBytes)
        return (version.systemLogLevel == "DEBUG" ? [done] : []) + [lines.reportJSON(time: time)]
    }
}
