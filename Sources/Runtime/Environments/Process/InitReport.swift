import FoundationEssentials

/// The line that says how an init phase failed.
enum InitReport {
    static func line(
        _ failure: RuntimeResult, _ duration: Duration, phase: String, version: FunctionVersion,
        isProvisioned: Bool
    ) -> String {
        let time = milliseconds(duration)
        let status = failure.status == .timeout ? "timeout" : "error"
        let type = failure.errorType ?? "Runtime.Unknown"
        switch version.logFormat {
        case .text:
            let cause = failure.status == .timeout ? "" : "\tError Type: \(type)"
            return
                "INIT_REPORT Init Duration: \(time) ms\tPhase: \(phase)\tStatus: \(status)\(cause)"
        case .json:
            let kind = isProvisioned ? "provisioned-concurrency" : "on-demand"
            let cause =
                failure.status == .timeout ? "" : ",\"errorType\":\(JSONText.string(type))"
            return
                "{\"time\":\"\(Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))\""
                + ",\"type\":\"platform.initReport\",\"record\":{\"initializationType\":\"\(kind)\""
                + ",\"phase\":\"\(phase)\",\"status\":\"\(status)\"\(cause)"
                + ",\"metrics\":{\"durationMs\":\(time)}}}"
        }
    }

    /// "9999.79".
    static func milliseconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let hundredths = seconds * 100_000 + attoseconds / 10_000_000_000_000
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
