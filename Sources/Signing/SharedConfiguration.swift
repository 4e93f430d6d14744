/// What both shared files say: profiles and services. A value, as it was read at one moment.
struct SharedConfiguration: Sendable, Equatable {
    let files: SharedFiles
    private let profiles: [String: Profile]
    private let services: [String: [String: [String: String]]]

    /// One profile. The credentials file wins where both files have a setting.
    struct Profile: Sendable, Equatable {
        let name: String
        var values: [String: String] = [:]
        var nested: [String: [String: String]] = [:]
        /// What the credentials file alone says of it.
        var credentialsValues: [String: String] = [:]
    }

    init(files: SharedFiles, config: INIDocument?, credentials: INIDocument?) {
        self.files = files
        var profiles: [String: Profile] = [:]
        var services: [String: [String: [String: String]]] = [:]
        for section in config?.sections ?? [] {
            // "profile x", "services x"; a name with spaces is quoted.
            let words = ShellWords.split(section.name) ?? []
            switch (words.first, words.count) {
            case ("profile", 2): profiles[words[1]] = Profile(words[1], section)
            case ("services", 2): services[words[1]] = section.nested
            case ("default", 1):
                // `[profile default]`, which comes before or after, says more clearly what it is.
                if !(config?.sections.contains { $0.name == "profile default" } ?? false) {
                    profiles["default"] = Profile("default", section)
                }
            default: break
            }
        }
        for section in credentials?.sections ?? [] {
            var profile = profiles[section.name] ?? Profile(name: section.name)
            profile.values.merge(section.values) { _, new in new }
            profile.nested.merge(section.nested) { _, new in new }
            profile.credentialsValues = section.values
            profiles[section.name] = profile
        }
        self.profiles = profiles
        self.services = services
    }

    func profile(_ name: String) -> Profile? { profiles[name] }

    var profileNames: [String] { profiles.keys.sorted() }

    /// A service's own settings in the `[services x]` section that a profile names.
    func services(of profile: Profile) -> [String: [String: String]]? {
        profile.values.value("services").flatMap { services[$0] }
    }

    /// "/home/u/.aws/credentials and /home/u/.aws/config"
    var place: String {
        let paths = [files.credentials, files.config].compactMap { $0 }
        return paths.isEmpty
            ? "the shared files (HOME is not set)" : paths.joined(separator: " and ")
    }
}

extension SharedConfiguration.Profile {
    fileprivate init(_ name: String, _ section: INIDocument.Section) {
        self.init(name: name, values: section.values, nested: section.nested)
    }

    func value(_ name: String) -> String? { values.value(name) }

    /// Whether this profile is a role that others' credentials assume.
    var assumesRole: Bool {
        value("role_arn") != nil && value("web_identity_token_file") == nil
    }

    var hasKeys: Bool {
        value("aws_access_key_id") != nil || value("aws_secret_access_key") != nil
    }

    /// A setting of what `aws sso login` and `aws login` keep, which belongs to the AWS CLI.
    var signIn: String? {
        ["sso_session", "sso_start_url", "login_session"].first { value($0) != nil }
    }
}
