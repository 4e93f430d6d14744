/// What the `AWS_*` variables and the shared configuration files say, read once.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>
public struct AWSSettings: Sendable {
    /// A setting, and where it was found, for messages.
    public struct Setting: Sendable, Equatable {
        public let value: String
        public let origin: String
    }

    let environment: [String: String]
    let configuration: SharedConfiguration
    /// Of the files as they were when `configuration` was read.
    let stamp: SharedFiles.Stamp
    /// The profile was asked for by the caller: the environment's own keys do not count.
    let isProfileGiven: Bool
    public let profileName: String

    /// Reads the shared files: they are small and local.
    ///
    /// - Parameter profile: instead of `AWS_PROFILE`; then only this profile's credentials are used.
    /// - Throws: ``CredentialsError`` for a file that cannot be read, or a named profile that is not there.
    public init(
        environment: [String: String], profile: String? = nil
    ) throws(CredentialsError) {
        self.environment = environment
        let files = SharedFiles(environment: environment)
        // Taken before reading: a change in between is then noticed later.
        stamp = files.stamp()
        configuration = try files.load()
        isProfileGiven = profile != nil
        let named = profile ?? environment.value("AWS_PROFILE")
        profileName = named ?? "default"
        if let named, configuration.profile(named) == nil {
            let known = configuration.profileNames
            throw CredentialsError(
                .misconfigured, origin: profile == nil ? "AWS_PROFILE" : "profile \(named)",
                problem: "there is no profile \"\(named)\" in \(configuration.place)",
                advice: known.isEmpty
                    ? "There are no profiles at all." : "Known: \(known.joined(separator: ", ")).")
        }
    }

    var profile: SharedConfiguration.Profile? { configuration.profile(profileName) }

    /// `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's; `us-east-1` when nobody says.
    public var region: Setting {
        variable("AWS_REGION") ?? variable("AWS_DEFAULT_REGION") ?? setting("region")
            ?? Setting(value: "us-east-1", origin: "the default")
    }

    /// Where a service is, when that is configured; nil for AWS's own endpoint.
    ///
    /// - Parameter service: in lower case: "s3", "sts".
    ///
    /// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
    public func endpointURL(service: String) -> Setting? {
        let ignores =
            variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
            ?? setting("ignore_configured_endpoint_urls")
        if ignores?.value.lowercased() == "true" { return nil }
        if let found = variable("AWS_ENDPOINT_URL_" + service.uppercased())
            ?? variable("AWS_ENDPOINT_URL")
        {
            return found
        }
        if let profile, let services = configuration.services(of: profile),
            let url = services[service]?.value("endpoint_url")
        {
            return Setting(
                value: url, origin: "the services of profile \(profileName) in \(configPath)")
        }
        return setting("endpoint_url")
    }

    /// `addressing_style` of the profile's `s3` settings: "path", "virtual" or "auto".
    public var addressingStyle: Setting? {
        profile?.nested["s3"]?.value("addressing_style").map {
            Setting(value: $0, origin: "profile \(profileName) in \(configPath)")
        }
    }

    private var configPath: String { configuration.files.config ?? configuration.place }

    private func variable(_ name: String) -> Setting? {
        environment.value(name).map { Setting(value: $0, origin: name) }
    }

    private func setting(_ name: String) -> Setting? {
        profile?.value(name).map {
            Setting(value: $0, origin: "\(name) of profile \(profileName) in \(configPath)")
        }
    }
}

extension AWSSettings {
    /// The domain of AWS's endpoints in a region.
    ///
    /// Source: <https://docs.aws.amazon.com/general/latest/gr/s3.html>
    public static func domain(region: String) -> String {
        region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
    }

    /// Whether a name can stand in a host: letters, digits and dashes.
    public static func isRegion(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy {
                ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x41 && $0 <= 0x5A)
                    || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2D
            }
    }
}
