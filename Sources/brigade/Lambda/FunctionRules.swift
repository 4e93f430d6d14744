import Functions
import Replication
import S3
import Transport

/// The rule that the functions of a process work by, from its environment: `BRIGADE_SOURCE` and `BRIGADE_DESTINATION` are
/// locations as on the command line, `BRIGADE_RULE` is the rule's name ("default"), `BRIGADE_DELETES` is "keep" or
/// "propagate". Connections come from `BRIGADE_CONNECTION_NAME` or the AWS chain.
struct FunctionRules {
    static let defaultName = "default"

    private let environment: [String: String]

    init(_ environment: [String: String]) { self.environment = environment }

    /// Without a source and a destination: a book without rules, whose functions say so.
    ///
    /// - Throws: ``CommandFailure`` that names the variable.
    func book(_ transport: HTTPTransport) throws(CommandFailure) -> RuleBook {
        guard let source = environment["BRIGADE_SOURCE"],
            let destination = environment["BRIGADE_DESTINATION"]
        else {
            if let one = ["BRIGADE_SOURCE", "BRIGADE_DESTINATION"].first(where: {
                environment[$0] != nil
            }) {
                throw CommandFailure(
                    .usage, "\(one) is set and the other side is not",
                    advice: "Set both BRIGADE_SOURCE and BRIGADE_DESTINATION.")
            }
            return RuleBook([])
        }
        let connections = ConnectionBook(environment: environment, file: nil)
        var rule = ReplicationRule(
            name: environment["BRIGADE_RULE"] ?? Self.defaultName,
            source: try Compose.side(source, connections, transport).place,
            destination: try Compose.side(destination, connections, transport).place)
        switch environment["BRIGADE_DELETES"] ?? "keep" {
        case "keep": rule.deletes = .keep
        case "propagate": rule.deletes = .propagate
        case let other:
            throw CommandFailure(
                .usage, "BRIGADE_DELETES is \"\(other)\"", advice: "It is keep or propagate.")
        }
        return RuleBook([rule])
    }
}
