import Transport

/// The credentials of a profile, as the shared files have it now: they are looked at once a second at most, and read
/// again when they have changed.
///
/// A change that cannot be read, or that leaves nothing, is not taken over: files are seen half-written.
final class ProfileCredentials: CredentialsProvider {
    private struct State {
        var checkedAt: Int64
        var stamp: SharedFiles.Stamp
        var configuration: SharedConfiguration
        var provider: any CredentialsProvider
    }

    let origin: String
    private let settings: AWSSettings
    private let context: CredentialsContext
    private let state: Locked<State>

    /// - Returns: nil when the profile has nothing about credentials.
    init?(_ settings: AWSSettings, _ context: CredentialsContext) throws(CredentialsError) {
        let configuration = settings.configuration
        let resolver = ProfileResolver(
            settings: settings, configuration: configuration, context: context)
        guard let provider = try resolver.provider(settings.profileName) else { return nil }
        self.settings = settings
        self.context = context
        origin = provider.origin
        state = Locked(
            State(
                checkedAt: context.now(), stamp: settings.stamp, configuration: configuration,
                provider: provider))
    }

    func credentials() async throws -> Credentials {
        let now = context.now()
        let (seen, provider) = state.withLock { state in
            defer { state.checkedAt = now }
            return (state.checkedAt == now ? nil : state.stamp, state.provider)
        }
        guard let seen else { return try await provider.credentials() }
        let stamp = settings.configuration.files.stamp()
        guard stamp != seen else { return try await provider.credentials() }
        return try await reload(stamp).credentials()
    }

    /// - Returns: the provider to ask.
    private func reload(_ stamp: SharedFiles.Stamp) -> any CredentialsProvider {
        let (old, configuration) = state.withLock { ($0.provider, $0.configuration) }
        // As said above: what cannot be read now is tried again with the next look.
        guard let new = try? settings.configuration.files.load() else { return old }
        if new == configuration {
            state.withLock { $0.stamp = stamp }
            return old
        }
        let resolver = ProfileResolver(settings: settings, configuration: new, context: context)
        // The same: a profile that is gone or half there comes back, or the old keys are refused one day.
        guard let provider = try? resolver.provider(settings.profileName) else { return old }
        state.withLock { state in
            state.stamp = stamp
            state.configuration = new
            state.provider = provider
        }
        return provider
    }
}
