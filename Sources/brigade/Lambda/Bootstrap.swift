import Functions
import Lambda
import Logging
import Replication
import Runtime
import Transport

/// The command as a Lambda custom runtime's `bootstrap`: the functions of this project, one of them chosen by `_HANDLER`,
/// under AWS Lambda or as a version that `brigade up` has frozen.
enum Bootstrap {
    /// Why there is nothing to run.
    struct Problem: Error, CustomStringConvertible {
        var description: String
    }

    /// When the executable is named `bootstrap`, as the contract asks for, and the Runtime API is told.
    static func isWanted(
        program: String, _ arguments: [String], _ environment: [String: String]
    ) -> Bool {
        arguments.isEmpty && program.split(separator: "/").last == "bootstrap"
            && environment["AWS_LAMBDA_RUNTIME_API"] != nil
    }

    static func run() async -> ExitStatus {
        let environment = Compose.processEnvironment
        let logger = Logger(label: "function") { _ in StandardErrorLog(logLevel: .notice) }
        do {
            let loop: RuntimeLoop
            do {
                let name = environment["_HANDLER"] ?? ""
                let rules = try FunctionRules(environment).book(HTTPTransport())
                let invoker = InProcessInvoker(meter: RunMeter(card: .notes), logger: logger)
                invoker.register(
                    ReplicateFunction.name, memoryMB: Compose.replicateMemoryMB,
                    ReplicateFunction(rules))
                guard let handler = handlers(rules)[name] else {
                    let names = handlers(rules).keys.sorted().joined(separator: ", ")
                    throw Problem(
                        description: "there is no handler \"\(name)\"; there are \(names)")
                }
                loop = RuntimeLoop(
                    handler, environment: environment, invoker: invoker, logger: logger
                ) { StandardStreams.output($0) }
            } catch {
                RuntimeLoop.reportInitError(error, environment: environment)
                throw error
            }
            try await loop.run()
            return .done
        } catch {
            StandardStreams.error("brigade: \((error as? CommandFailure)?.message ?? "\(error)")")
            return .someFailed
        }
    }

    /// Every function by its name.
    static func handlers(_ rules: RuleBook) -> [String: any RawLambdaHandler] {
        [
            ReplicateFunction.name: ReplicateRawFunction(rules),
            ReconcileFunction.name: JSONLambdaHandler(ReconcileFunction(rules)),
            VerifyFunction.name: JSONLambdaHandler(VerifyFunction(rules)),
        ]
    }
}
