import Lambda
import Runtime
import Transport

/// Posts alerts, as JSON, to the webhook of brigade.yaml.
struct AlertWebhook: Sendable {
    private static let timeouts = HTTPTimeouts(
        connect: .seconds(5), idle: .seconds(20), total: .seconds(30))

    private let url: String
    private let token: String?
    private let transport: HTTPTransport

    /// Why it was not told. Without the webhook's address, which may be a secret.
    struct Refusal: Error, CustomStringConvertible {
        var description: String
    }

    /// - Throws: ``CommandFailure`` with the status `usage` when its token cannot be read.
    init(
        _ alerts: ConfiguredAlerts, _ environment: [String: String], _ transport: HTTPTransport
    ) throws(CommandFailure) {
        url = alerts.webhook
        token = try alerts.readToken(environment)
        self.transport = transport
    }

    @Sendable func tell(_ alert: Alert) async throws {
        var request = HTTPRequest(.post, url, body: try LambdaJSON.encode(alert))
        request.headers["Content-Type"] = "application/json"
        if let token { request.headers["Authorization"] = "Bearer \(token)" }
        request.timeouts = Self.timeouts
        let status: Int
        do {
            status = try await transport.send(request).head.status
        } catch {
            throw Refusal(description: "the webhook of alerts cannot be reached: \(error.message)")
        }
        guard (200..<300).contains(status) else {
            throw Refusal(description: "the webhook of alerts answered \(status)")
        }
    }
}
