#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The interpreters on this machine: absolute paths; nil: functions of that language cannot be started here.
public struct RuntimeCommands: Sendable {
    /// Must have `awslambdaric` among its modules.
    public var python: String?
    public var node: String?
    public var ruby: String?
    public var java: String?
    public var dotnet: String?

    public init(
        python: String? = nil, node: String? = nil, ruby: String? = nil, java: String? = nil,
        dotnet: String? = nil
    ) {
        self.python = python
        self.node = node
        self.ruby = ruby
        self.java = java
        self.dotnet = dotnet
    }

    /// Why there is nothing to start; its text stands in the answer to the invoker.
    struct Missing: Error {
        var message: String
    }

    /// The program and its arguments for a version. Everything but the interpreter comes from the package: the
    /// runtime interface client as its language's package manager installs it.
    func words(for version: FunctionVersion) throws(Missing) -> [String] {
        let code = version.codeDirectory ?? ""
        let runtime = version.runtime
        if runtime.hasPrefix("provided") || runtime.hasPrefix("go") {
            let bootstrap = "\(code)/bootstrap"
            guard Self.isExecutableFile(bootstrap) else {
                throw Missing(
                    message:
                        "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]")
            }
            return [bootstrap]
        }
        if runtime.hasPrefix("python") {
            return [try present(python, runtime), "-m", "awslambdaric", version.handler]
        }
        if runtime.hasPrefix("nodejs") {
            let client = try part("node_modules/aws-lambda-ric/bin/index.mjs", code, runtime)
            return [try present(node, runtime), client, version.handler]
        }
        if runtime.hasPrefix("ruby") {
            let client = try part("bin/aws_lambda_ric", code, runtime)
            return [try present(ruby, runtime), client, version.handler]
        }
        if runtime.hasPrefix("java") {
            return [
                try present(java, runtime), "-cp", "\(code):\(code)/*:\(code)/lib/*",
                "com.amazonaws.services.lambda.runtime.api.client.AWSLambda", version.handler,
            ]
        }
        if runtime.hasPrefix("dotnet") {
            let client = try part("Amazon.Lambda.RuntimeSupport.dll", code, runtime)
            return [try present(dotnet, runtime), "exec", client, version.handler]
        }
        throw Missing(message: "no environment here runs the runtime \(runtime)")
    }

    private func present(_ path: String?, _ runtime: String) throws(Missing) -> String {
        guard let path else {
            throw Missing(message: "no interpreter is configured for the runtime \(runtime)")
        }
        guard Self.isExecutableFile(path) else {
            throw Missing(message: "the interpreter \(path) of \(runtime) cannot be executed")
        }
        return path
    }

    private func part(_ path: String, _ code: String, _ runtime: String) throws(Missing) -> String {
        let whole = "\(code)/\(path)"
        guard access(whole, R_OK) == 0 else {
            throw Missing(
                message: "the package has no \(path), the runtime interface client of \(runtime)")
        }
        return whole
    }

    private static func isExecutableFile(_ path: String) -> Bool {
        var information = stat()
        guard stat(path, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
            return false
        }
        // The bit itself: root may "execute" by access(2) what has none in some set-ups.
        return information.st_mode & 0o111 != 0 && access(path, X_OK) == 0
    }
}
