import NIOHTTP1

/// What a request to the Runtime API asks for.
enum RuntimeAPICall {
    case next
    case response(id: Substring)
    case error(id: Substring)
    case initError
    case ping
    case telemetry
    case logs
    case unknown

    private static let version = "/2018-06-01/runtime/"

    init(_ head: HTTPRequestHead) {
        let path = head.uri.prefix { $0 != "?" }
        switch (head.method, path) {
        case (.GET, "/2018-06-01/runtime/invocation/next"): self = .next
        case (.GET, "/ping"), (.GET, "/2018-06-01/ping"): self = .ping
        case (.POST, "/2018-06-01/runtime/init/error"): self = .initError
        case (.PUT, "/2022-07-01/telemetry"): self = .telemetry
        case (.PUT, "/2020-08-15/logs"): self = .logs
        case (.POST, _):
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            guard path.hasPrefix(Self.version), parts.count == 6, parts[3] == "invocation" else {
                self = .unknown
                return
            }
            switch parts[5] {
            case "response": self = .response(id: parts[4])
            case "error": self = .error(id: parts[4])
            default: self = .unknown
            }
        default: self = .unknown
        }
    }
}
