import Signing
import Transport

@testable import S3

/// One key pair that never changes.
struct TestCredentials: CredentialsProvider {
    var value = Credentials(accessKeyID: "TESTKEY", secretAccessKey: "testsecret12345")
    var origin = "the test"
    func credentials() async throws -> Credentials { value }
}

enum TestClients {
    static func connection(
        _ authority: String, region: String = "us-east-1", name: String = "test",
        dialect: Dialect = .init()
    ) -> S3Connection {
        S3Connection(
            name: name, scheme: "http", authority: authority, region: region,
            credentials: TestCredentials(), dialect: dialect, origin: "the test")
    }

    /// A client that retries at once, so that no test waits.
    static func client(
        _ authority: String, region: String = "us-east-1", name: String = "test",
        dialect: Dialect = .init(), transport: HTTPTransport = HTTPTransport(),
        attempts: Int = 4, meter: UsageMeter? = nil
    ) -> S3Client {
        var retry = RetryPolicy()
        retry.firstDelay = .milliseconds(1)
        retry.longestDelay = .milliseconds(2)
        retry.attempts = attempts
        // Attempts decide, and not how busy the machine is.
        retry.budget = .seconds(600)
        return S3Client(
            connection(authority, region: region, name: name, dialect: dialect),
            transport: transport, retry: retry, meter: meter)
    }
}

/// The error of an operation that must fail.
func failure<T>(
    of operation: () async throws(S3Error) -> T
) async -> S3Error? {
    do throws(S3Error) {
        _ = try await operation()
        return nil
    } catch {
        return error
    }
}
