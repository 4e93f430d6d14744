import Logging

/// What a body that a sender of events has sent is about.
public enum EventReading: Sendable {
    /// Keys that may have changed; none where the body is a greeting, or about nothing of ours.
    case changes([Change])
    /// It is kept for a person, with what could be read of it.
    case unreadable(reason: String, changes: [Change] = [])
}

/// Takes events from senders that have the token: a store's notifications. It answers 2xx when they are on disk, and never
/// because of what is in a body: a sender that is refused sends the same again, and what comes after it waits.
struct EventIntake: Sendable {
    /// EventBridge sends up to 6 MB at once; a store one event, of a kilobyte.
    static let bodyMaximum = 6 << 20

    let token: WebhookToken
    let queue: ChangeQueue
    let read: @Sendable (_ body: [UInt8], _ receivedAt: Int64) -> EventReading
    let logger: Logger

    var endpoint: APIEndpoint {
        APIEndpoint(bodyLimit: Self.bodyMaximum) { head throws(APIRefusal) in
            guard token.admits(head) else {
                // 403 is what MinIO tells its operator as "check auth token".
                throw APIRefusal(
                    .text(403, "The token is missing or wrong; it stands in STATE/webhook-token."))
            }
        } answer: {
            await answer($0)
        }
    }

    private func answer(_ request: APIRequest) async -> APIAnswer {
        switch request.method {
        // Probes of senders that want to know whether somebody is there.
        case "GET", "HEAD", "OPTIONS": return APIAnswer(200)
        case "POST", "PUT": break
        default: return .text(405, "Events are posted.")
        }
        do {
            switch read(request.body, UnixTime.milliseconds()) {
            case .changes(let changes): try await queue.accept(changes)
            case .unreadable(let reason, let changes):
                try await queue.accept(changes)
                try await queue.park(request.body, reason: reason)
            }
            return APIAnswer(200)
        } catch {
            logger.error("events cannot be written", metadata: ["error": "\(error)"])
            return .text(503, "The event cannot be written; send it again.")
        }
    }
}
