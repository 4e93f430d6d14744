import Lambda

/// START, END and REPORT as Lambda prints them, as text or as JSON.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html>, and lines as recorded.
enum ReportLines {
    static func start(_ attempt: InvocationAttempt, _ microseconds: Int64) -> [String] {
        let version = attempt.resolved.version
        guard version.logFormat == .json else {
            return ["START RequestId: \(attempt.requestID) Version: \(version.version)"]
        }
        guard version.systemLogLevel != "WARN" else { return [] }
        let record =
            #"{"requestId":"\#(attempt.requestID)","functionArn":"\#(version.functionARN)","version":"\#(version.version)"}"#
        return [platform("start", microseconds, record)]
    }

    /// - Parameter card: decides what is billed.
    static func end(
        _ entry: LedgerEntry, _ version: FunctionVersion, _ card: RateCard, _ traceHeader: String
    ) -> [String] {
        let billed = card.billedMilliseconds(
            duration: .nanoseconds(entry.durationNanoseconds),
            initDuration: .nanoseconds(entry.initNanoseconds))
        let used = entry.maxMemoryUsedMB ?? 0
        guard version.logFormat == .json else {
            var report =
                "REPORT RequestId: \(entry.requestID)\tDuration: \(milliseconds(entry.durationNanoseconds)) ms\t"
                + "Billed Duration: \(billed) ms\tMemory Size: \(entry.memoryMB) MB\tMax Memory Used: \(used) MB\t"
            if entry.initNanoseconds > 0 {
                report += "Init Duration: \(milliseconds(entry.initNanoseconds)) ms\t"
            }
            switch entry.status {
            case .success, .error: break
            case .timeout: report += "Status: timeout"
            case .failure:
                report += "Status: error\tError Type: \(entry.errorType ?? "Runtime.Unknown")"
            }
            var lines = ["END RequestId: \(entry.requestID)", report]
            if version.tracingMode == "Active", traceHeader.contains("Sampled=1"),
                let root = TraceID.root(of: traceHeader)
            {
                let segment = traceHeader.split(separator: ";").first { $0.hasPrefix("Parent=") }
                lines.append(
                    "XRAY TraceId: \(root)\tSegmentId: \(segment?.dropFirst(7) ?? "")\tSampled: true\t"
                )
            }
            return lines
        }
        return document(entry, version, billed, used)
    }

    private static func document(
        _ entry: LedgerEntry, _ version: FunctionVersion, _ billed: Int64, _ used: Int
    ) -> [String] {
        guard version.systemLogLevel != "WARN" else { return [] }
        let end = entry.startMicroseconds + entry.durationNanoseconds / 1000
        let duration = exact(entry.durationNanoseconds)
        var ending = #""status":"\#(entry.status.rawValue)""#
        if let type = entry.errorType {
            ending += ",\"errorType\":" + String(decoding: JSONText.quoted(type), as: UTF8.self)
        }
        var lines: [String] = []
        if version.systemLogLevel == "DEBUG" {
            lines.append(
                platform(
                    "runtimeDone", end,
                    #"{"requestId":"\#(entry.requestID)","metrics":{"durationMs":\#(duration)},\#(ending)}"#
                ))
        }
        let initial =
            entry.initNanoseconds > 0 ? ",\"initDurationMs\":\(exact(entry.initNanoseconds))" : ""
        lines.append(
            platform(
                "report", end,
                #"{"requestId":"\#(entry.requestID)","metrics":{"durationMs":\#(duration),"billedDurationMs":\#(billed),"#
                    + #""memorySizeMB":\#(entry.memoryMB),"maxMemoryUsedMB":\#(used)\#(initial)},\#(ending)}"#
            ))
        return lines
    }

    private static func platform(
        _ type: String, _ microseconds: Int64, _ record: String
    ) -> String {
        #"{"time":"\#(JSONText.timestamp(microseconds / 1000))","type":"platform.\#(type)","record":\#(record)}"#
    }

    /// "1.44": rounded to hundredths.
    static func milliseconds(_ nanoseconds: Int64) -> String {
        fraction((nanoseconds + 5000) / 10_000, digits: 2)
    }

    /// "1.056": to thousandths.
    private static func exact(_ nanoseconds: Int64) -> String {
        fraction((nanoseconds + 500) / 1000, digits: 3)
    }

    private static func fraction(_ value: Int64, digits: Int) -> String {
        let unit: Int64 = digits == 2 ? 100 : 1000
        let part = String(value % unit)
        return "\(value / unit)." + String(repeating: "0", count: digits - part.utf8.count) + part
    }
}
