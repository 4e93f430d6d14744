import FoundationEssentials
import Signing
import Transport

/// Sends records to webhooks (POST, JSON), to SQS-compatible queues (SendMessage) and to buckets (one object each).
public struct HTTPDeliverySender: DeliverySender {
    /// A service that ARNs of one kind are reached at.
    public struct Endpoint: Sendable {
        /// "http(s)://host:port", without a path.
        public var url: String
        public var region: String
        public var credentials: any CredentialsProvider

        public init(url: String, region: String, credentials: any CredentialsProvider) {
            self.url = url
            self.region = region
            self.credentials = credentials
        }
    }

    /// Why a record was not taken.
    struct Refusal: Error, CustomStringConvertible {
        var description: String
    }

    private let transport: HTTPTransport
    private let queues: Endpoint?
    private let buckets: Endpoint?
    private static let queueSigner = RequestSigner(service: "sqs")
    private static let bucketSigner = RequestSigner(service: "s3")
    private static let answerBytesMaximum = 64 << 10
    private static let timeouts = HTTPTimeouts(
        connect: .seconds(5), idle: .seconds(30), total: .seconds(60))

    /// - Parameters:
    ///   - queues: where `arn:aws:sqs:…` is; nil: such a record waits.
    ///   - buckets: where `arn:aws:s3:::bucket` is, path style; nil: such a record waits.
    public init(transport: HTTPTransport, queues: Endpoint?, buckets: Endpoint?) {
        self.transport = transport
        self.queues = queues
        self.buckets = buckets
    }

    public func send(_ delivery: Delivery) async throws {
        let target = delivery.target
        if target.hasPrefix("http://") || target.hasPrefix("https://") {
            var request = HTTPRequest(.post, target, body: delivery.body)
            request.headers["Content-Type"] = "application/json"
            for (name, value) in delivery.attributes {
                request.headers["X-Brigade-\(name)"] = Self.headerText(value)
            }
            return try await post(request)
        }
        let parts = target.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        switch parts.count > 5 ? parts[2] : "" {
        case "sqs":
            guard let queues else { throw Refusal(description: "no queue service is configured") }
            let path = "/\(parts[4])/\(parts[5])"
            let form = Self.form(delivery, queueURL: queues.url + path)
            try await post(
                Self.signed(
                    .post, queues, path, Array(form.utf8), "application/x-www-form-urlencoded",
                    Self.queueSigner))
        case "s3":
            guard let buckets else { throw Refusal(description: "no S3 service is configured") }
            let path = "/\(parts[5])/\(Self.key(delivery))"
            try await post(
                Self.signed(
                    .put, buckets, path, delivery.body, "application/json", Self.bucketSigner))
        default:
            throw Refusal(description: "no such destination")
        }
    }

    private func post(_ request: HTTPRequest) async throws {
        var request = request
        request.timeouts = Self.timeouts
        let answer = try await transport.send(request, answerLimitBytes: Self.answerBytesMaximum)
        guard (200..<300).contains(answer.head.status) else {
            throw Refusal(description: "answered \(answer.head.status)")
        }
    }

    private static func signed(
        _ method: HTTPMethod, _ endpoint: Endpoint, _ path: String, _ body: [UInt8],
        _ contentType: String, _ signer: RequestSigner
    ) async throws -> HTTPRequest {
        var request = HTTPRequest(method, endpoint.url + path, body: body)
        request.headers["Content-Type"] = contentType
        let host = String(endpoint.url.drop { $0 != "/" }.drop { $0 == "/" })
        let fields = signer.sign(
            method: method.rawValue, host: host, path: path, query: [],
            headers: [("content-type", contentType)], payload: .of(body),
            credentials: try await endpoint.credentials.credentials(), region: endpoint.region,
            time: UnixTime.milliseconds() / 1000)
        for field in fields { request.headers[field.name] = field.value }
        return request
    }

    /// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
    static func form(_ delivery: Delivery, queueURL: String) -> String {
        var fields = [
            ("Action", "SendMessage"), ("Version", "2012-11-05"), ("QueueUrl", queueURL),
            ("MessageBody", String(decoding: delivery.body, as: UTF8.self)),
        ]
        for (index, attribute) in delivery.attributes.sorted(by: { $0.key < $1.key }).enumerated() {
            let name = "MessageAttribute.\(index + 1)"
            let type = attribute.key == "ErrorCode" ? "Number" : "String"
            fields += [
                ("\(name).Name", attribute.key), ("\(name).Value.DataType", type),
                ("\(name).Value.StringValue", attribute.value),
            ]
        }
        return fields.map { "\($0.0)=\(encoded($0.1))" }.joined(separator: "&")
    }

    private static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."), UInt8(ascii: "~"):
                bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// One object a record: the delivery's number makes a repeated one overwrite itself.
    static func key(_ delivery: Delivery) -> String {
        let time = JSONText.timestamp(delivery.createdAt)
        let day = time.prefix(10).split(separator: "-").joined(separator: "/")
        let moment = time.prefix(19).split(separator: ":").joined(separator: ".")
        return "aws/lambda/async/\(day)/\(moment)-\(delivery.id).json"
    }

    private static func headerText(_ text: String) -> String {
        String(decoding: text.utf8.map { (0x20..<0x7f).contains($0) ? $0 : 0x20 }, as: UTF8.self)
    }
}
