import NIOHTTP1

/// A request as it came, its body whole.
public struct APIRequest: Sendable {
    public var method: String
    /// Percent-encoded, as it was sent.
    public var path: String
    /// Without the "?"; encoded.
    public var query: String
    var headers: HTTPHeaders
    public var body: [UInt8]

    init(_ head: HTTPRequestHead) {
        method = head.method.rawValue
        let parts = head.uri.utf8.split(separator: UInt8(ascii: "?"), maxSplits: 1)
        path = parts.first.map { String(Substring($0)) } ?? "/"
        query = parts.count > 1 ? String(Substring(parts[1])) : ""
        headers = head.headers
        body = []
    }

    /// A header's value; of several, the first.
    public func header(_ name: String) -> String? { headers.first(name: name) }
}

/// What is answered.
public struct APIAnswer: Sendable {
    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]
    /// Sends the body in parts instead, each as it is given; returns when the client has taken it.
    public var stream: (@Sendable (@escaping @Sendable ([UInt8]) async -> Void) async -> Void)?

    public init(
        _ status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        stream: (@Sendable (@escaping @Sendable ([UInt8]) async -> Void) async -> Void)? = nil
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.stream = stream
    }
}

/// Answers requests on a listener.
public protocol APIResponder: Sendable {
    /// Looks at a request before its body is taken: who asks, for what, and how large the body may be.
    ///
    /// - Throws: ``APIRefusal`` for what need not be read at all.
    func admit(_ head: APIRequest) throws(APIRefusal) -> APIAdmission

    /// The answer for a body that is larger than that.
    ///
    /// - Parameter size: in bytes, as far as it is known.
    func tooLarge(_ head: APIRequest, _ admission: APIAdmission, size: Int) -> APIAnswer

    /// - Parameter request: whole.
    func answer(_ request: APIRequest, _ admission: APIAdmission) async -> APIAnswer
}

/// An answer that needs no body of the request.
public struct APIRefusal: Error {
    public var answer: APIAnswer

    public init(_ answer: APIAnswer) { self.answer = answer }
}
