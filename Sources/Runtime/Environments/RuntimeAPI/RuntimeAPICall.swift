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

    private static let invocation = "/2018-06-01/runtime/invocation/"

    init(_ head: HTTPRequestHead) {
        let uri = head.uri
        let path = uri[..<(uri.utf8.firstIndex(of: UInt8(ascii: "?")) ?? uri.endIndex)]
        if path.hasPrefix(Self.invocation) {
            self = Self.ofInvocation(path.utf8.dropFirst(Self.invocation.utf8.count), head.method)
            return
        }
        switch (head.method, path) {
        case (.GET, "/ping"), (.GET, "/2018-06-01/ping"): self = .ping
        case (.POST, "/2018-06-01/runtime/init/error"): self = .initError
        case (.PUT, "/2022-07-01/telemetry"): self = .telemetry
        case (.PUT, "/2020-08-15/logs"): self = .logs
        default: self = .unknown
        }
    }

    private static func ofInvocation(
        _ rest: Substring.UTF8View, _ method: HTTPMethod
    ) -> RuntimeAPICall {
        guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else {
            return method == .GET && rest.elementsEqual("next".utf8) ? .next : .unknown
        }
        guard method == .POST else { return .unknown }
        let id = Substring(rest[..<slash])
        switch Substring(rest[rest.index(after: slash)...]) {
        case "response": return .response(id: id)
        case "error": return .error(id: id)
        default: return .unknown
        }
    }
}
