import NIOCore

/// What a process environment is given besides the version that it runs.
public struct ProcessSettings: Sendable {
    /// Shared by all environments; each lives on one loop of it.
    public var group: any EventLoopGroup
    public var commands: RuntimeCommands
    public var region: String
    /// Credentials and endpoints for the function's own calls: "AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL_S3" and so on. The
    /// function's own variables win over them.
    public var variables: [String: String]
    /// An existing folder, absolute, in which each environment makes one of its own in place of `/tmp`.
    public var temporaryRoot: String
    public var log: any FunctionLog
    public var isProvisioned: Bool
    /// Of the init phase: 10 seconds.
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>
    public var initLimit: Duration

    public init(
        group: any EventLoopGroup, commands: RuntimeCommands, region: String = "us-east-1",
        variables: [String: String] = [:], temporaryRoot: String, log: any FunctionLog,
        isProvisioned: Bool = false, initLimit: Duration = .seconds(10)
    ) {
        self.group = group
        self.commands = commands
        self.region = region
        self.variables = variables
        self.temporaryRoot = temporaryRoot
        self.log = log
        self.isProvisioned = isProvisioned
        self.initLimit = initLimit
    }
}
