/// Every key that brigade.yaml may hold, and what is said of keys that people expect and that are not there.
enum ConfigurationKeys {
    /// What is read, in the order of the commented example.
    static let sections = [
        "listen", "connections", "replications", "alerts", "billing", "runtime",
    ]
    /// Names of sections that are set aside: they may stand in the file, and nothing reads them.
    static let setAside = ["backups", "functions", "triggers", "state", "logging"]

    static let connection = ["endpoint", "region", "style", "list", "credentials", "prices"]
    static let credentials = ["environment", "profile", "file"]
    static let billing = ["rates", "budget"]
    static let budget = ["run", "month"]
    static let runtime = ["region", "account"]
    static let alerts = ["webhook", "token"]
    static let token = ["environment", "file"]
    static let replication = [
        "name", "from", "to", "filter", "deletes", "quarantine", "maxDelete", "storageClass",
        "reconcile", "timeZone", "lagTarget", "concurrency", "backfill",
    ]
    static let filter = [
        "prefix", "include", "exclude", "minSize", "maxSize", "minAge", "maxAge",
    ]
    static let quarantine = ["days"]

    static let insteadInReplication = merged([
        [
            "versions":
                "a rule copies the latest version; to keep older ones, turn on the destination's versioning",
            "bandwidth": "bound what a rule does at once with concurrency",
            "budget": "a budget is for all rules together: billing: { budget: { month: 5.00 } }",
            "limits": "bound a rule with concurrency and maxDelete",
            "tags":
                "objects are chosen by name, size and age: filter: { prefix, include, exclude, minSize, … }",
            "retention": "write quarantine: { days: 30 }",
        ],
        repeated(
            ["conflict", "conflicts", "twoWay", "bidirectional"],
            "a rule copies one way, and its source always wins"),
        repeated(
            ["schedule", "cron", "rate", "interval"],
            "write reconcile: rate(6 hours), cron(0 2 * * ? *) or never"),
        repeated(["source", "src"], "write from: s3://CONNECTION@bucket/prefix"),
        repeated(
            ["destination", "destinations", "target", "targets", "dst"],
            "write to: s3://CONNECTION@bucket/prefix"),
        repeated(filter, "it belongs under filter, as in filter: { exclude: \"*.tmp\" }"),
        repeated(["quarantineDays", "days"], "write quarantine: { days: 30 }"),
        repeated(["enabled", "disabled", "paused"], "leave out the rule to stop it"),
        repeated(
            secrets + ["credentials"],
            "keys belong to a connection, by reference: credentials: { environment: NAME }"),
        mergeKey,
    ])

    static let insteadInFilter = merged([
        repeated(
            ["tags", "tag", "metadata"],
            "objects are chosen by name, size and age; a listing shows no tags"),
        repeated(["suffix", "extension", "glob", "globs"], "write include: \"*.jpg\""),
        repeated(["regex", "regexp", "pattern"], "include and exclude take globs: \"logs/**\""),
        repeated(["size", "sizes"], "write minSize and maxSize, as in minSize: 1M"),
        repeated(["age", "ages", "olderThan", "newerThan"], "write minAge and maxAge, as in 7d"),
        mergeKey,
    ])

    static let insteadInAlerts = merged([
        repeated(
            secrets + ["credentials", "authorization", "header", "headers"],
            "a secret never stands in the file: write token: { environment: NAME } or { file: PATH }"
        ),
        repeated(["url", "endpoint", "to"], "write webhook: https://…"),
        repeated(["email", "mail", "slack"], "alerts go to one webhook: webhook: https://…"),
        mergeKey,
    ])

    static let insteadInToken = repeated(
        secrets + ["value", "bearer"],
        "a secret never stands in the file: write token: { environment: NAME } or { file: PATH }")

    static let insteadInCredentials = repeated(
        secrets,
        "a key never stands in the file; say where it is kept with one of environment, profile, file"
    )

    static let insteadInConnection = merged([
        repeated(
            secrets,
            "a key never stands in the file: write credentials: { environment: NAME } and set"
                + " NAME_ACCESS_KEY_ID and NAME_SECRET_ACCESS_KEY"),
        mergeKey,
    ])

    /// What people call keys and secrets.
    private static let secrets = [
        "access", "accessKey", "accessKeyId", "accessKeyID", "access_key", "access_key_id",
        "secret", "secretKey", "secretAccessKey", "secret_key", "secret_access_key",
        "sessionToken", "session_token", "aws_access_key_id", "aws_secret_access_key",
        "password", "user", "username", "key",
    ]
    private static let mergeKey = ["<<": "merge keys are not read; write out what is shared"]

    private static func repeated(_ keys: [String], _ text: String) -> [String: String] {
        keys.reduce(into: [:]) { $0[$1] = text }
    }

    private static func merged(_ tables: [[String: String]]) -> [String: String] {
        tables.reduce(into: [:]) { $0.merge($1) { first, _ in first } }
    }
}
