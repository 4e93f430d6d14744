import Glibc

/// Where runs leave their records, and uploads their notes. Made with mode 0700 when first used.
struct StateFolder: Sendable {
    let path: String

    /// `--state`, else `BRIGADE_STATE`, else `$XDG_STATE_HOME/brigade`, else `~/.local/state/brigade`.
    ///
    /// Source of the last two: <https://specifications.freedesktop.org/basedir-spec/latest/>
    init(option: String?, environment: [String: String]) {
        func given(_ name: String) -> String? {
            environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        if let option {
            path = option
        } else if let state = given("BRIGADE_STATE") {
            path = state
        } else if let base = given("XDG_STATE_HOME"), base.hasPrefix("/") {
            path = base + "/brigade"
        } else {
            path = (given("HOME") ?? "/tmp") + "/.local/state/brigade"
        }
    }

    var uploads: String { path + "/uploads" }
    var runs: String { path + "/runs" }
    /// Where a running `brigade up` listens.
    var endpoint: String { path + "/endpoint" }
    /// The region that its API is signed for.
    var region: String { path + "/region" }
    /// The key pair of its API.
    var credentials: String { path + "/credentials" }
    /// What senders of events must show.
    var webhookToken: String { path + "/webhook-token" }
    /// The ledger, and what else the runtime keeps.
    var database: String { path + "/state.sqlite" }

    /// - Throws: ``CommandFailure`` with the status `usage`.
    func make() throws(CommandFailure) {
        for folder in [path, uploads, runs] {
            if let reason = Self.makeFolder(folder) {
                throw CommandFailure(
                    .usage, "cannot use the state folder \(path): \(reason)",
                    advice: "Name another one with --state or BRIGADE_STATE.")
            }
        }
    }

    /// Makes it and what is above it; returns why it could not.
    static func makeFolder(_ folder: String) -> String? {
        var path = ""
        for segment in folder.split(separator: "/", omittingEmptySubsequences: false) {
            path += segment
            if !path.isEmpty, mkdir(path, 0o700) != 0, errno != EEXIST, errno != EISDIR {
                return String(cString: strerror(errno)) + " (\(path))"
            }
            path += "/"
        }
        return access(folder, W_OK | X_OK) == 0 ? nil : String(cString: strerror(errno))
    }
}
