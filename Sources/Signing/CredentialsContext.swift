import Transport

/// What every source of credentials needs besides its own settings.
struct CredentialsContext: Sendable {
    let transport: HTTPTransport
    /// Unix seconds.
    var now: @Sendable () -> Int64 = { Timestamps.nowMilliseconds() / 1000 }
    /// Before the second attempt; doubled before the third.
    var firstDelay = Duration.milliseconds(200)
    /// Where `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` is asked for.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html>
    var containerURL = "http://169.254.170.2"

    static let attempts = 3
    /// Key pairs are a few hundred bytes; tokens may have some thousands.
    static let answerBytesMaximum = 256 << 10

    /// What an answer is, for the decision to ask again.
    enum Answer {
        case accepted(Credentials)
        case failed(CredentialsError)
    }

    /// Asks up to three times: again when the source did not answer, or failed in a way that may pass.
    ///
    /// - Parameters:
    ///   - request: made anew for each attempt, so that its signature is fresh.
    ///   - read: the error's kind `unavailable` asks for another attempt.
    func fetch(
        origin: String, request: () async throws(CredentialsError) -> HTTPRequest,
        read: (HTTPResponse) -> Answer
    ) async throws(CredentialsError) -> Credentials {
        var attempt = 1
        while true {
            let failure: CredentialsError
            let request = try await request()
            do throws(TransportError) {
                let response = try await transport.send(
                    request, answerLimitBytes: Self.answerBytesMaximum)
                switch read(response) {
                case .accepted(let value): return value
                case .failed(let error): failure = error
                }
            } catch {
                failure = CredentialsError(
                    Self.mayPass(error.kind) ? .unavailable : .refused, origin: origin,
                    problem: "no answer from \(error.description)", cause: error)
            }
            guard failure.kind == .unavailable, attempt < Self.attempts else { throw failure }
            do {
                try await Task.sleep(for: firstDelay * (1 << (attempt - 1)))
            } catch {
                throw failure
            }
            attempt += 1
        }
    }

    private static func mayPass(_ kind: TransportError.Kind) -> Bool {
        switch kind {
        case .unresolvedHost, .notConnected, .timedOut, .interrupted, .malformed: true
        case .untrusted, .cancelled, .invalidRequest: false
        }
    }

    /// A source's own words as they may stand in a message: the first line, of bounded length, printable, without
    /// what must not be repeated. STS repeats a request's token in its later lines.
    static func words(_ text: String, hiding secrets: [String]) -> String {
        var line = String(text.trimmed(upTo: 300))
        for secret in secrets where !secret.isEmpty { line = line.replacing(secret, with: "…") }
        return line
    }
}

extension String {
    /// The first line without control characters.
    fileprivate func trimmed(upTo count: Int) -> Substring {
        let line = unicodeScalars.prefix { $0 != "\n" && $0 != "\r" }
        let printable = line.filter { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
        return Substring(String(String.UnicodeScalarView(printable)).prefix(count)).trimmed
    }
}
