#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Credentials that another program prints: `credential_process` of a profile.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>
enum ProcessCredentials {
    /// What AWS's SDK for Go allows: <https://pkg.go.dev/github.com/aws/aws-sdk-go-v2/credentials/processcreds>
    static let timeLimit = Duration.seconds(60)

    static func provider(
        command: String, place: String, environment: [String: String],
        _ context: CredentialsContext, timeLimit: Duration = timeLimit
    ) throws(CredentialsError) -> RefreshingCredentials {
        let origin = "credential_process of \(place)"
        guard let words = ShellWords.split(command), !words.isEmpty else {
            throw CredentialsError(
                .misconfigured, origin: origin, problem: "a quotation in the command does not end")
        }
        let program = ChildProgram(
            words: words, environment: environment, timeLimit: timeLimit)
        return RefreshingCredentials(origin: origin, now: context.now) {
            () async throws(CredentialsError) in
            switch await run(program) {
            case .success(let output):
                let document = try CredentialsDocument(output, origin: origin)
                guard document.version == 1 else {
                    throw CredentialsError(
                        .malformedAnswer, origin: origin,
                        problem: "the answer's Version is not 1, the only one there is")
                }
                return try document.credentials(origin: origin)
            case .failure(let failure):
                throw CredentialsError(
                    failure.isLasting ? .misconfigured : .unavailable, origin: origin,
                    problem: failure.words)
            }
        }
    }

    /// On a thread of its own, because it blocks; that ends at the time limit.
    private static func run(_ program: ChildProgram) async -> Result<[UInt8], ChildFailure> {
        await withCheckedContinuation { waiter in
            let start = Unmanaged.passRetained(Start(program, waiter))
            var thread = pthread_t()
            let code = pthread_create(
                &thread, nil,
                { context in
                    #if canImport(Darwin)
                        let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
                    #else
                        let start = Unmanaged<Start>.fromOpaque(context!).takeRetainedValue()
                    #endif
                    start.waiter.resume(returning: start.program.run())
                    return nil
                }, start.toOpaque())
            precondition(code == 0, "pthread_create failed with \(code)")
            pthread_detach(thread)
        }
    }

    private final class Start: Sendable {
        let program: ChildProgram
        let waiter: CheckedContinuation<Result<[UInt8], ChildFailure>, Never>

        init(
            _ program: ChildProgram,
            _ waiter: CheckedContinuation<Result<[UInt8], ChildFailure>, Never>
        ) {
            self.program = program
            self.waiter = waiter
        }
    }
}
