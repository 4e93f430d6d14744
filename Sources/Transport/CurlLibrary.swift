import CCurl

/// libcurl's global state: made once a process, never taken down.
enum CurlLibrary {
    private static let started: Void = {
        let code = curl_global_init(Int(CURL_GLOBAL_DEFAULT))
        precondition(code == CURLE_OK, "curl_global_init failed with \(code.rawValue)")
    }()

    static func start() { _ = started }
}
