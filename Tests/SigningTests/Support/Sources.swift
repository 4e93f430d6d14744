import Foundation
import Glibc
import Transport

@testable import Signing

/// A clock that stands still until it is moved.
final class ManualClock: Sendable {
    private let time: Locked<Int64>

    /// 2024-02-29T12:34:56Z.
    init(_ time: Int64 = 1_709_210_096) { self.time = Locked(time) }

    var now: Int64 { time.withLock { $0 } }
    func advance(_ seconds: Int64) { time.withLock { $0 += seconds } }

    /// A moment that many seconds from now, as AWS writes it.
    func text(in seconds: Int64) -> String {
        Timestamps.iso8601(milliseconds: (now + seconds) * 1000)
    }
}

/// A folder that goes with its value; files in it count as `~/.aws`.
final class AWSFolder: Sendable {
    let path: String

    init(config: String? = nil, credentials: String? = nil) throws {
        path = NSTemporaryDirectory() + "signing-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: path + "/.aws", withIntermediateDirectories: true)
        if let config { try write(config, to: ".aws/config") }
        if let credentials { try write(credentials, to: ".aws/credentials") }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ text: String, to name: String, mode: mode_t = 0o600) throws -> String {
        try Data(text.utf8).write(to: URL(filePath: path + "/" + name))
        chmod(path + "/" + name, mode)
        return path + "/" + name
    }

    /// With this folder as the home.
    func environment(_ more: [String: String] = [:]) -> [String: String] {
        more.merging(["HOME": path]) { mine, _ in mine }
    }
}

enum Sources {
    static let transport = HTTPTransport()

    static func context(
        _ clock: ManualClock = ManualClock(), container: String = "http://127.0.0.1:1"
    ) -> CredentialsContext {
        CredentialsContext(
            transport: transport, now: { clock.now }, firstDelay: .milliseconds(1),
            containerURL: container)
    }

    /// What the chain chooses.
    static func chain(
        _ environment: [String: String], profile: String? = nil,
        _ context: CredentialsContext = context()
    ) throws(CredentialsError) -> any CredentialsProvider {
        try CredentialsChain.choose(
            AWSSettings(environment: environment, profile: profile), context)
    }

    static func stsAnswer(
        _ operation: String, key: String = "ASIAROLE", secret: String = "rolesecret",
        token: String = "roletoken", expiration: String
    ) -> String {
        """
        <\(operation)Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
          <\(operation)Result>
            <AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn></AssumedRoleUser>
            <Credentials>
              <AccessKeyId>\(key)</AccessKeyId><SecretAccessKey>\(secret)</SecretAccessKey>
              <SessionToken>\(token)</SessionToken><Expiration>\(expiration)</Expiration>
            </Credentials>
          </\(operation)Result>
          <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>
        </\(operation)Response>
        """
    }

    static func stsError(_ code: String, _ message: String) -> String {
        "<ErrorResponse><Error><Type>Sender</Type><Code>\(code)</Code>"
            + "<Message>\(message)</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    }

    static func keysJSON(
        key: String = "ASIABOX", secret: String = "boxsecret", token: String = "boxtoken",
        expiration: String
    ) -> String {
        #"{"AccessKeyId":"\#(key)","SecretAccessKey":"\#(secret)","Token":"\#(token)","#
            + #""Expiration":"\#(expiration)"}"#
    }
}

/// The error of what must fail.
func credentialsError(
    of operation: () async throws -> some Any
) async -> CredentialsError? {
    do {
        _ = try await operation()
        return nil
    } catch {
        return error as? CredentialsError
    }
}

extension CredentialsError {
    /// Everything of it that anyone can print.
    var everything: String {
        var text = "\(self)|\(String(reflecting: self))|\(advice ?? "")"
        if let cause { text += "|\(cause)|\(String(reflecting: cause))" }
        return text
    }
}
