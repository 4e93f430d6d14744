import FoundationEssentials

/// A function as the state file holds it: one document, replaced whole.
struct FunctionRecord: Codable, Sendable {
    /// Code and configuration, of `$LATEST` or frozen as a version.
    struct Snapshot: Codable, Sendable {
        var version = "$LATEST"
        var runtime: String
        var role: String
        var handler: String
        var description = ""
        var memoryMB = 128
        var timeoutSeconds = 3
        /// nil: never given, which is told apart from none.
        var environment: [String: String]?
        var ephemeralStorageMB = 512
        var architecture = "x86_64"
        var tracingMode = "PassThrough"
        var logFormat = FunctionVersion.LogFormat.text
        var applicationLogLevel: String?
        var systemLogLevel: String?
        var logGroup: String
        var deadLetterTarget: String?
        var codeSHA256: String
        var codeSize: Int64
        /// nil: compiled in.
        var codeDirectory: String?
        /// Unix milliseconds.
        var modifiedAt: Int64
        var revisionID: String
        var isPending = false
        var isUpdating = false

        /// Whether publishing it would make another version.
        func isSame(as other: Snapshot) -> Bool {
            var (a, b) = (self, other)
            for keyPath in [\Snapshot.version, \.revisionID, \.description] {
                a[keyPath: keyPath] = ""
                b[keyPath: keyPath] = ""
            }
            (a.modifiedAt, b.modifiedAt) = (0, 0)
            (a.isPending, b.isPending, a.isUpdating, b.isUpdating) = (false, false, false, false)
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            // Strings and numbers always encode.
            return (try? encoder.encode(a)) == (try? encoder.encode(b))
        }
    }

    struct Alias: Codable, Sendable {
        var name: String
        var version: String
        var description = ""
        /// A second version and its share.
        var additional: [String: Double] = [:]
        var revisionID: String
    }

    struct EventInvoke: Codable, Sendable {
        var maximumRetryAttempts: Int?
        var maximumEventAgeSeconds: Int?
        var onSuccess: String?
        var onFailure: String?
        /// Unix milliseconds.
        var modifiedAt: Int64
    }

    var name: String
    var latest: Snapshot
    /// In the order of their numbers.
    var versions: [Snapshot] = []
    var aliases: [String: Alias] = [:]
    /// Never used again, also after a deletion.
    var nextVersion = 1
    var reservedConcurrency: Int?
    /// By qualifier, "$LATEST" for the function itself.
    var eventInvoke: [String: EventInvoke] = [:]
    var provisioned: [String: Int] = [:]
    var provisionedAt: [String: Int64] = [:]
    var stopsRecursion = true
    var tags: [String: String] = [:]
    /// By qualifier ("" for the function itself), in order.
    var policies: [String: [PolicyStatement]] = [:]
    var policyRevisions: [String: String] = [:]
    var urls: [String: FunctionURL] = [:]

    struct PolicyStatement: Codable, Sendable {
        var id: String
        /// The statement's JSON.
        var document: String
    }

    struct FunctionURL: Codable, Sendable {
        var authType: String
        var invokeMode: String
        var cors: SettingsDocuments.Cors?
        var identifier: String
        var createdAt: Int64
        var modifiedAt: Int64
    }

    /// The names of the packages that its versions run from.
    var packages: Set<String> {
        Set(([latest] + versions).compactMap { $0.codeDirectory.map(PackageStore.name) })
    }

    /// Whether one of its versions runs from a package.
    func runs(from package: String) -> Bool {
        func isOf(_ snapshot: Snapshot) -> Bool {
            snapshot.codeDirectory?.hasSuffix("/" + package) == true
        }
        return isOf(latest) || versions.contains(where: isOf)
    }

    /// The concurrency that no other function can have.
    var committedConcurrency: Int { reservedConcurrency ?? provisioned.values.reduce(0, +) }

    /// The state folder may have been moved since the record was written.
    mutating func movePackages(to folder: String) {
        func moved(_ directory: String?) -> String? {
            directory.map { "\(folder)/\(PackageStore.name(of: $0))" }
        }
        latest.codeDirectory = moved(latest.codeDirectory)
        for index in versions.indices {
            versions[index].codeDirectory = moved(versions[index].codeDirectory)
        }
    }

    /// Takes away what belongs to a version or an alias that is gone.
    mutating func removeSettings(of qualifier: String) {
        eventInvoke[qualifier] = nil
        provisioned[qualifier] = nil
        provisionedAt[qualifier] = nil
        urls[qualifier] = nil
        policies[qualifier] = nil
        policyRevisions[qualifier] = nil
    }

    /// Takes away what is left of versions and aliases that are gone.
    mutating func removeOrphans() {
        let keys = [
            Set(eventInvoke.keys), Set(provisioned.keys), Set(provisionedAt.keys), Set(urls.keys),
            Set(policies.keys), Set(policyRevisions.keys),
        ]
        let all = keys.reduce(Set()) { $0.union($1) }
        for key in all where !key.isEmpty && aliases[key] == nil && snapshot(key) == nil {
            removeSettings(of: key)
        }
    }

    func snapshot(_ version: String) -> Snapshot? {
        version == "$LATEST" ? latest : versions.first { $0.version == version }
    }
}
