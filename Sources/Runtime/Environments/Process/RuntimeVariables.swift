/// The environment variables of a runtime process, as Lambda sets them.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>
enum RuntimeVariables {
    static func make(
        _ version: FunctionVersion, region: String, runtimeAPI: String, logStream: String,
        temporaryDirectory: String, isProvisioned: Bool, injected: [String: String]
    ) -> [String: String] {
        let code = version.codeDirectory ?? ""
        var variables = [
            "_HANDLER": version.handler,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_LAMBDA_FUNCTION_NAME": version.functionName,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": String(version.memoryMB),
            "AWS_LAMBDA_FUNCTION_VERSION": version.version,
            "AWS_LAMBDA_INITIALIZATION_TYPE":
                isProvisioned ? "provisioned-concurrency" : "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": version.logGroup,
            "AWS_LAMBDA_LOG_STREAM_NAME": logStream,
            "AWS_LAMBDA_RUNTIME_API": runtimeAPI,
            "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
            // Nobody listens there; clients send by UDP and do not notice.
            "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
            "_AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1",
            "_AWS_XRAY_DAEMON_PORT": "2000",
            "LAMBDA_TASK_ROOT": code,
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
            "LD_LIBRARY_PATH":
                "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:\(code):\(code)/lib:/opt/lib",
            // `/tmp` cannot be made private without a mount namespace; this is where libraries look first.
            "TMPDIR": temporaryDirectory,
        ]
        if !version.runtime.hasPrefix("provided") {
            variables["AWS_EXECUTION_ENV"] = "AWS_Lambda_\(version.runtime)"
        }
        if version.logFormat == .json {
            variables["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
            variables["AWS_LAMBDA_LOG_LEVEL"] = version.applicationLogLevel ?? "INFO"
        }
        variables.merge(injected) { $1 }
        variables.merge(version.environment) { $1 }
        if version.runtime.hasPrefix("python") {
            // Where Lambda's own bootstrap adds the package to the search path.
            variables["PYTHONPATH"] =
                version.environment["PYTHONPATH"].map { "\(code):\($0)" } ?? code
        }
        return variables
    }
}
