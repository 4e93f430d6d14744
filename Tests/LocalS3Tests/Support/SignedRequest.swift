import Signing

/// A request as bytes, signed after whatever was done to it. What a test sets stays as it is.
struct SignedRequest {
    static let key = "HOSTILEKEY"
    static let secret = "hostilesecret12345"

    enum Framing {
        /// A Content-Length when there is a body.
        case length
        /// HTTP's own chunks.
        case chunked
        /// The test gives the headers.
        case none
    }

    var method: String
    /// Percent-encoded as it goes out.
    var path: String
    var query: [(name: String, value: String)] = []
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []
    /// nil signs the body's SHA-256.
    var payload: PayloadHash?
    var framing = Framing.length
    /// Unix seconds.
    var time: Int64
    var host = "127.0.0.1"
    var region = "us-east-1"
    var accessKey = Self.key
    var secretKey = Self.secret

    init(_ method: String, _ path: String, body: [UInt8] = [], time: Int64) {
        self.method = method
        self.path = path
        self.body = body
        self.time = time
    }

    private var credentials: Credentials {
        Credentials(accessKeyID: accessKey, secretAccessKey: secretKey)
    }

    /// Everything that is sent of the head, in order: a test may change it after it was signed.
    func fields() -> [(name: String, value: String)] {
        let signed = RequestSigner().sign(
            method: method, host: host, path: path, query: query, headers: headers,
            payload: payload ?? .of(body), credentials: credentials, region: region, time: time)
        return [("Host", host)] + headers + signed + framingFields
    }

    private var framingFields: [(name: String, value: String)] {
        switch framing {
        case .length where !body.isEmpty || method == "PUT" || method == "POST":
            [("Content-Length", String(body.count))]
        case .chunked: [("Transfer-Encoding", "chunked")]
        case .length, .none: []
        }
    }

    var target: String {
        query.isEmpty
            ? path : path + "?" + query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }

    func bytes() -> [UInt8] { bytes(fields: fields()) }

    func bytes(fields: [(name: String, value: String)]) -> [UInt8] {
        Self.head(method, target, fields) + wireBody
    }

    static func head(_ method: String, _ target: String, _ fields: [(name: String, value: String)])
        -> [UInt8]
    {
        let lines = fields.map { "\($0.name): \($0.value)\r\n" }.joined()
        return Array("\(method) \(target) HTTP/1.1\r\n\(lines)\r\n".utf8)
    }

    private var wireBody: [UInt8] {
        guard case .chunked = framing else { return body }
        guard !body.isEmpty else { return Array("0\r\n\r\n".utf8) }
        return Array("\(String(body.count, radix: 16))\r\n".utf8) + body
            + Array("\r\n0\r\n\r\n".utf8)
    }

    /// The query of a presigned URL for this request, its signature included.
    func presignedQuery(expires: Int = 300) -> String {
        RequestSigner().presign(
            method: method, host: host, path: path, query: query, headers: headers,
            credentials: credentials, region: region, time: time, expires: expires)
    }

    /// The same request with its body in `aws-chunked` form.
    func streaming(
        _ payload: PayloadHash, chunk: Int, trailers: [(name: String, value: String)]? = nil
    ) -> SignedRequest {
        var request = self
        request.payload = payload
        request.headers.append(("content-encoding", "aws-chunked"))
        request.headers.append(("x-amz-decoded-content-length", String(body.count)))
        if let trailers {
            request.headers.append(
                ("x-amz-trailer", trailers.map(\.name).joined(separator: ",")))
        }
        let pieces = stride(from: 0, to: body.count, by: chunk).map {
            Array(body[$0..<min($0 + chunk, body.count)])
        }
        request.body = []
        if payload == .streamingUnsignedTrailer {
            for piece in pieces {
                request.body +=
                    Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece
                    + Array("\r\n".utf8)
            }
            request.body += Array("0\r\n".utf8)
            for trailer in trailers ?? [] {
                request.body += Array("\(trailer.name):\(trailer.value)\r\n".utf8)
            }
            request.body += Array("\r\n".utf8)
            return request
        }
        var (_, signer) = RequestSigner().signStreaming(
            method: method, host: host, path: path, query: query, headers: request.headers,
            payload: payload, credentials: credentials, region: region, time: time)
        for piece in pieces { piece.withUnsafeBytes { signer.append($0, to: &request.body) } }
        signer.finish(trailers: trailers, to: &request.body)
        return request
    }
}
