/// The runtime's own lines in a function's log, as Lambda writes them. Pure.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html>,
/// <https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html>
public struct ReportLines: Sendable, Equatable {
    public var requestID: String
    public var functionARN: String
    public var version: String
    public var durationNanoseconds: Int64
    public var billedMilliseconds: Int64
    public var memoryMB: Int
    /// Nil: not known; then Lambda's line shows the memory size.
    public var maxMemoryUsedMB: Int?
    /// Nil: the environment was warm.
    public var initNanoseconds: Int64?
    public var status: InvocationAnswer.Status
    public var errorType: String?
    /// "1-8hex-24hex" and the segment's 16 digits, where the invocation is traced.
    public var trace: (id: String, segment: String)?

    public init(
        requestID: String, functionARN: String, version: String, durationNanoseconds: Int64,
        billedMilliseconds: Int64, memoryMB: Int, maxMemoryUsedMB: Int? = nil,
        initNanoseconds: Int64? = nil, status: InvocationAnswer.Status, errorType: String? = nil,
        trace: (id: String, segment: String)? = nil
    ) {
        self.requestID = requestID
        self.functionARN = functionARN
        self.version = version
        self.durationNanoseconds = durationNanoseconds
        self.billedMilliseconds = billedMilliseconds
        self.memoryMB = memoryMB
        self.maxMemoryUsedMB = maxMemoryUsedMB
        self.initNanoseconds = initNanoseconds
        self.status = status
        self.errorType = errorType
        self.trace = trace
    }

    public static func == (a: ReportLines, b: ReportLines) -> Bool {
        a.report == b.report && a.start == b.start && a.functionARN == b.functionARN
    }

    public var start: String { "START RequestId: \(requestID) Version: \(version)" }
    public var end: String { "END RequestId: \(requestID)" }

    /// Without the line "XRAY …" that follows when it is traced: ``xray``.
    public var report: String {
        var text =
            "REPORT RequestId: \(requestID)\tDuration: \(Self.hundredths(durationNanoseconds)) ms"
        text += "\tBilled Duration: \(billedMilliseconds) ms\tMemory Size: \(memoryMB) MB"
        text += "\tMax Memory Used: \(maxMemoryUsedMB ?? memoryMB) MB\t"
        if let initNanoseconds {
            text += "Init Duration: \(Self.hundredths(initNanoseconds)) ms\t"
        }
        switch status {
        case .success: break
        case .timeout: text += "Status: timeout"
        case .error, .failure:
            text += "Status: error"
            if let errorType { text += "\tError Type: \(errorType)" }
        }
        return text
    }

    /// Nil: not traced.
    public var xray: String? {
        trace.map { "XRAY TraceId: \($0.id)\tSegmentId: \($0.segment)\tSampled: true\t" }
    }

    /// - Parameter time: "2026-10-08T07:30:41.076Z".
    public func startJSON(time: String) -> String {
        #"{"time":\#(JSONText.string(time)),"type":"platform.start","record":{"requestId":\#(JSONText.string(requestID)),"functionArn":\#(JSONText.string(functionARN)),"version":\#(JSONText.string(version))}}"#
    }

    public func runtimeDoneJSON(time: String, producedBytes: Int) -> String {
        let error = errorType.map { ",\"errorType\":\(JSONText.string($0))" } ?? ""
        return
            #"{"time":\#(JSONText.string(time)),"type":"platform.runtimeDone","record":{"requestId":\#(JSONText.string(requestID)),"status":"\#(status.rawValue)","metrics":{"durationMs":\#(Self.milliseconds(durationNanoseconds)),"producedBytes":\#(producedBytes)}\#(error)}}"#
    }

    public func reportJSON(time: String) -> String {
        var metrics = "\"durationMs\":\(Self.milliseconds(durationNanoseconds))"
        metrics += ",\"billedDurationMs\":\(billedMilliseconds),\"memorySizeMB\":\(memoryMB)"
        metrics += ",\"maxMemoryUsedMB\":\(maxMemoryUsedMB ?? memoryMB)"
        if let initNanoseconds {
            metrics += ",\"initDurationMs\":\(Self.milliseconds(initNanoseconds))"
        }
        let error = errorType.map { ",\"errorType\":\(JSONText.string($0))" } ?? ""
        return
            #"{"time":\#(JSONText.string(time)),"type":"platform.report","record":{"requestId":\#(JSONText.string(requestID)),"metrics":{\#(metrics)},"status":"\#(status.rawValue)"\#(error)}}"#
    }

    /// "1.44" of 1,440,000: two decimals, rounded half up.
    static func hundredths(_ nanoseconds: Int64) -> String {
        let value = (nanoseconds + 5_000) / 10_000
        let part = value % 100
        return "\(value / 100).\(part < 10 ? "0" : "")\(part)"
    }

    /// "1.056": three decimals at most, no zeros at the end.
    static func milliseconds(_ nanoseconds: Int64) -> String {
        let value = (nanoseconds + 500) / 1_000
        let part = String(value % 1_000)
        var digits = String(repeating: "0", count: 3 - part.count) + part
        while digits.hasSuffix("0") { digits.removeLast() }
        return digits.isEmpty ? "\(value / 1_000)" : "\(value / 1_000).\(digits)"
    }
}
