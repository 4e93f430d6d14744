import Functions
import S3

/// Turns a store's failure into one message for people: what failed, on what, why, and the way out.
struct StoreMessage {
    /// What a message says of a connection besides its name. Never a secret.
    struct Side: Equatable, Sendable {
        var name: String
        /// "https://s3.example.net"
        var endpoint: String
        /// "brigade.yaml line 4"
        var origin: String
        /// "profile backup in /home/u/.aws/credentials"
        var credentialsOrigin: String
        /// nil when there are none.
        var accessKeyID: String?
        var bucket: String

        /// "AKIA…7Q": enough to know it by.
        var shortKey: String {
            guard let accessKeyID, !accessKeyID.isEmpty else { return "" }
            guard accessKeyID.count > 8 else { return " \(accessKeyID)" }
            return " \(accessKeyID.prefix(4))…\(accessKeyID.suffix(2))"
        }
    }

    var failure: StoreFailure
    var side: Side

    var rendered: CommandFailure {
        let (message, advice) = words
        return CommandFailure(.storeRefused, message, advice: advice)
    }

    private var words: (String, [String]) {
        let name = side.name
        let bucket = failure.bucket ?? side.bucket
        switch failure.kind {
        case .unreachable, .interrupted, .timedOut:
            return (
                "cannot reach \(name) at \(side.endpoint) (\(reason)\(tries))",
                ["Is the endpoint running, and is the port right?  \(readFrom)"]
            )
        case .untrusted:
            return (
                "the certificate of \(name) at \(side.endpoint) is not trusted (\(reason))",
                [
                    "Name the authority that signed it: AWS_CA_BUNDLE=/path/to/ca.pem.  "
                        + "Is the host the one you mean?  \(readFrom)"
                ]
            )
        case .badCredentials:
            return refusedKey(name)
        case .expiredCredentials:
            return (
                "the credentials of \(name) have expired (\(code))",
                ["Get new ones and run the same command again.  \(readFrom)"]
            )
        case .noCredentials:
            return (
                "there are no credentials for \(name): \(reason)",
                [
                    side.name == ConnectionBook.defaultName
                        ? "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with"
                            + " AWS_PROFILE."
                        : "They are looked for in \(side.credentialsOrigin).  \(readFrom)"
                ]
            )
        case .noSuchBucket:
            return (
                "\(name) has no bucket \(bucket)",
                ["Is the name right, and is it at \(side.endpoint)?  Or create it first."]
            )
        case .accessDenied:
            return (
                "\(name) refused \(failure.operation) on \(bucket) to the key\(side.shortKey)"
                    + " (\(code))",
                [
                    "Allow \(failure.operation) on that bucket for this key, or use another key.  "
                        + readFrom
                ]
            )
        case .clockSkew:
            return (
                "the clocks of this machine and of \(name) differ too much (\(code))",
                ["Set this machine's clock, and run the same command again."]
            )
        case .throttled, .unavailable:
            return (
                "\(name) at \(side.endpoint) is too busy or broken (\(code)\(tries))",
                ["Run the same command again later; a lower --concurrency is easier on it."]
            )
        case .noSpace:
            return (
                "\(name) has no room (\(code))",
                ["Free space there, and run the same command again."]
            )
        case .archived:
            return (
                failed(name, bucket),
                ["Restore it there and run the same command again, or leave it out with --exclude."]
            )
        case .tooLarge, .notSupported, .invalidRequest, .malformedAnswer:
            return (
                failed(name, bucket),
                ["What it supports is shown by: brigade probe \(location(bucket))  \(readFrom)"]
            )
        case .noSuchKey, .noSuchUpload, .preconditionFailed, .conflict, .notModified, .integrity,
            .cancelled:
            return (
                failed(name, bucket), ["Run the same command again; it goes on from where it was."]
            )
        }
    }

    private func failed(_ name: String, _ bucket: String) -> String {
        "\(name) failed \(failure.operation) on \(bucket): \(reason)"
            + (code == reason ? "" : " (\(code))")
    }

    private func location(_ bucket: String) -> String {
        side.name == ConnectionBook.defaultName
            ? "s3://\(bucket)" : "s3://\(side.name)@\(bucket)"
    }

    private func refusedKey(_ name: String) -> (String, [String]) {
        switch failure.code {
        case "SignatureDoesNotMatch":
            return (
                "\(name) refused the key\(side.shortKey) (SignatureDoesNotMatch)",
                [
                    "The secret key does not belong to this access key.  It was read from \(side.credentialsOrigin)."
                ]
            )
        case "InvalidAccessKeyId":
            return (
                "\(name) does not know the key\(side.shortKey) (InvalidAccessKeyId)",
                ["Is it a key of \(side.endpoint)?  It was read from \(side.credentialsOrigin)."]
            )
        default:
            return (
                "\(name) did not accept the credentials\(side.shortKey) (\(failure.code ?? reason))",
                ["They come from \(side.credentialsOrigin)."]
            )
        }
    }

    private var readFrom: String { "The connection comes from \(side.origin)." }

    /// The transport's words, or the kind's.
    private var reason: String {
        failure.message.isEmpty ? failure.kind.rawValue : failure.message
    }

    private var code: String {
        failure.code ?? failure.status.map { "HTTP \($0)" } ?? reason
    }

    private var tries: String {
        guard failure.attempts > 1 else { return "" }
        let seconds = max(1, (failure.elapsedMilliseconds + 500) / 1000)
        return ", \(failure.attempts) tries in \(seconds) s"
    }
}
