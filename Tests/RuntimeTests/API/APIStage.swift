import Foundation
import Glibc
import Lambda
import Logging
import NIOPosix
import Signing
import TestSupport
import Testing
import Transport

@testable import Runtime

/// The Lambda API on a port of its own, before a service that only counts what it is asked for.
final class APIStage: Sendable {
    /// Answers with what it was given.
    struct Service: InvocationService {
        let requests = Locked<[InvocationRequest]>([])
        let answer = Locked<[UInt8]>(Array("{}".utf8))
        let pause = Locked(Duration.zero)
        /// How many parts of 1 MiB are streamed.
        let parts = Locked(0)
        /// Told when the last one was taken, or given up.
        let streamed = AsyncStream.makeStream(of: Void.self)

        func invoke(
            _ request: InvocationRequest
        ) async throws(LambdaServiceError) -> InvocationResponse {
            requests.withLock { $0.append(request) }
            // Not cancelled.
            try? await Task.sleep(for: pause.withLock { $0 })
            let status =
                switch request.type {
                case .requestResponse: 200
                case .event: 202
                case .dryRun: 204
                }
            if let stream = request.stream {
                for _ in 0..<parts.withLock({ $0 }) {
                    await stream([UInt8](repeating: 0x78, count: 1 << 20))
                }
                streamed.continuation.yield()
            }
            return InvocationResponse(
                requestID: "r", statusCode: status,
                payload: status == 200 ? answer.withLock { $0 } : [],
                executedVersion: status == 202 ? nil : "7")
        }
    }

    struct Log: LogHandler {
        let lines: Locked<[String]>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) { lines.withLock { $0.append("\(event.message)") } }
    }

    /// 2026-11-25T14:00:00Z
    static let now: Int64 = 1_795_615_200
    static let credentials = Credentials(accessKeyID: "KEYOFTHETEST", secretAccessKey: "secret")

    let service = Service()
    let lines = Locked<[String]>([])
    let listener: APIListener
    private let group: MultiThreadedEventLoopGroup

    init(_ limits: ConnectionLimits = ConnectionLimits()) async throws {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let lines = lines
        let logger = Logger(label: "test") { _ in Log(lines: lines) }
        let routes = InvocationRoutes(service: service) { name, qualifier in (name, qualifier) }
        let api = LambdaAPI(
            routes: routes.routes, credentials: Self.credentials, region: "eu-west-1",
            logger: logger, clock: { Self.now })
        listener = try await APIListener.start(
            host: "127.0.0.1", port: 0, group: group, responder: api, logger: logger,
            limits: limits)
    }

    func stop() async throws {
        await listener.stop()
        try await group.shutdownGracefully()
    }

    /// Nothing was asked of the functions.
    var isUntouched: Bool { service.requests.withLock { $0.isEmpty } }

    func client() throws -> APIClient { try APIClient(port: listener.port) }

    /// Sends one request on a connection of its own.
    func exchange(_ request: SignedCall) async throws -> APIClient.Answer {
        let client = try client()
        return try await client.exchange(request.bytes)
    }
}

/// A request as AWS's clients send it, each part of which can be another.
struct SignedCall {
    var method = "POST"
    var path = "/2015-03-31/functions/f/invocations"
    var query = ""
    var body: [UInt8] = []
    /// Signed.
    var headers: [(name: String, value: String)] = []
    /// Sent beside what is signed.
    var unsigned: [(name: String, value: String)] = []
    var credentials = APIStage.credentials
    var time = APIStage.now
    var region = "eu-west-1"
    var service = "lambda"
    /// Sent instead of what was signed.
    var sentQuery: String?
    var sentBody: [UInt8]?
    /// Whether the body's digest is among the headers; botocore leaves it out.
    var namesPayload = false

    /// Head and body.
    var bytes: [UInt8] { Array(head.utf8) + (sentBody ?? body) }

    var head: String { head(length: (sentBody ?? body).count) }

    func head(length: Int) -> String {
        let date = Timestamps.amzDate(time)
        let payload = PayloadHash.of(body)
        var signed = headers + [("host", "127.0.0.1"), ("x-amz-date", date)]
        if namesPayload { signed.append(("x-amz-content-sha256", payload.headerValue)) }
        let names = signed.map(\.name).sorted().joined(separator: ";")
        let pairs = query.split(separator: "&").map { piece in
            let pair = piece.split(separator: "=", maxSplits: 1)
            return (name: String(pair[0]), value: pair.count > 1 ? String(pair[1]) : "")
        }
        let signature = RequestSigner(service: service).signature(
            method: method, path: path, query: pairs, headers: signed, payload: payload,
            secretAccessKey: credentials.secretAccessKey, region: region, time: time)
        let scope =
            "\(credentials.accessKeyID)/\(date.prefix(8))/\(region)/\(service)/aws4_request"
        let asked = sentQuery ?? query
        var text = "\(method) \(path)\(asked.isEmpty ? "" : "?")\(asked) HTTP/1.1\r\n"
        for header in signed + unsigned { text += "\(header.name): \(header.value)\r\n" }
        text +=
            "authorization: AWS4-HMAC-SHA256 Credential=\(scope), SignedHeaders=\(names), Signature=\(signature)\r\n"
        return text + "content-length: \(length)\r\n\r\n"
    }
}

/// One connection, by blocking calls on a thread of their own.
final class APIClient: Sendable {
    struct Answer: Equatable {
        var status: Int
        /// Lower-case names.
        var headers: [String: String]
        var body: String

        /// What is said in the body.
        var message: String? {
            let document = try? JSONSerialization.jsonObject(with: Data(body.utf8))
            return (document as? [String: Any])?["message"] as? String
        }
        var code: String? { headers["x-amzn-errortype"] }
    }

    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = try #require(LoopbackSocket.connect(port: port))
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func exchange(_ bytes: [UInt8]) async throws -> Answer {
        await send(bytes)
        return try #require(await answer())
    }

    func send(_ text: String) async { await send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) async {
        // A server that has refused may have stopped to read.
        _ = await onThread { [descriptor] in LoopbackSocket.send(bytes, to: descriptor) }
    }

    /// Sends no more; still reads.
    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// nil: the connection ended without one.
    func answer() async -> Answer? { await onThread { [self] in readAnswer() } }

    /// Waits for the connection's end; what comes before is dropped.
    func ended() async -> Bool {
        await onThread { [descriptor] in
            var bytes = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = recv(descriptor, &bytes, bytes.count, 0)
                if count == 0 || (count < 0 && errno == ECONNRESET) { return true }
                if count < 0 { return false }
            }
        }
    }

    private func readAnswer() -> Answer? {
        var head: [UInt8] = []
        while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            guard let byte = readByte() else { return nil }
            head.append(byte)
        }
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let pair = line.split(separator: ":", maxSplits: 1)
            headers[pair[0].lowercased()] = pair[1].trimmingCharacters(in: .whitespaces)
        }
        var body: [UInt8] = []
        for _ in 0..<(headers["content-length"].flatMap { Int($0) } ?? 0) {
            guard let byte = readByte() else { return nil }
            body.append(byte)
        }
        let status = Int(lines[0].split(separator: " ")[1]) ?? 0
        return Answer(
            status: status, headers: headers, body: String(decoding: body, as: UTF8.self))
    }

    private func readByte() -> UInt8? {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, 0) == 1 ? byte : nil
    }

    private func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: body()) }
        }
    }
}
