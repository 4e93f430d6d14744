import Signing
import Transport

/// One operation as it goes on the wire, but for what is made afresh for each attempt: date, signature, host.
struct S3Request: Sendable {
    /// S3's name of it: "GetObject".
    var operation: String
    var usage: UsageMeter.RequestClass
    var method: HTTPMethod
    /// Empty for ListBuckets.
    var bucket = ""
    var key: ObjectKey?
    /// Percent-encoded; "" for no value.
    var query: [(name: String, value: String)] = []
    /// All are signed.
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []
    var form = PayloadForm.signed
    /// Doing it twice does what doing it once does.
    var isIdempotent = true
    /// A 409 is a race to try again, and not the answer.
    var retriesConflict = true
    /// Of the answer's body, for a store that does not tell.
    var expectedBytes: Int64?
    /// The body has come through the same bandwidth limit.
    var isBodyPaid = false
    /// An answer of success may hold an error document.
    var mayFailInBody = false
    /// Fewer than the policy's, for what stores fail at instead of saying that they have it not.
    var attemptsMaximum: Int?
    var answerLimitBytes = 16 << 20
    /// nil: the policy's.
    var timeouts: HTTPTimeouts?

    init(
        _ operation: String, _ usage: UsageMeter.RequestClass, _ method: HTTPMethod,
        bucket: String = "", key: ObjectKey? = nil
    ) {
        self.operation = operation
        self.usage = usage
        self.method = method
        self.bucket = bucket
        self.key = key
    }

    init(
        _ operation: String, _ usage: UsageMeter.RequestClass, _ method: HTTPMethod,
        _ object: ObjectAddress
    ) {
        self.init(operation, usage, method, bucket: object.bucket, key: object.key)
        if let id = object.versionID { ask("versionId", id) }
    }

    /// Adds to the query.
    mutating func ask(_ name: String, _ value: String = "") {
        query.append((name: name, value: URIEncoding.encode(value.utf8, keepSlash: false)))
    }

    mutating func ask(_ name: String, _ key: ObjectKey) {
        query.append((name: name, value: URIEncoding.encode(key.bytes, keepSlash: false)))
    }

    mutating func add(_ name: String, _ value: String) {
        headers.append((name: name, value: value))
    }

    mutating func add(_ name: String, _ value: String?) {
        if let value { headers.append((name: name, value: value)) }
    }

    /// A document to send: its type, and the digest that some stores insist on.
    mutating func send(xml: [UInt8]) {
        body = xml
        add("Content-Type", "application/xml")
        add("Content-MD5", Base64.encode(Checksum.of(xml, .md5)))
    }
}

/// How a body is signed and framed.
enum PayloadForm: Sendable {
    /// By its digest.
    case signed
    /// Not at all: it comes from a relay, and its digest is not known when the head is signed.
    case unsigned
    /// In `aws-chunked` frames of a streaming kind, with a trailer where the kind has trailers.
    case chunked(PayloadHash, trailer: (name: String, value: String)?)
}

extension HTTPTimeouts {
    /// For what the store does by itself before it answers: copies and completions of large objects.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html> ("several minutes")
    static let storeWorks = HTTPTimeouts(idle: .seconds(600))
}
