import Functions
import Replication
import S3

/// What went wrong with single objects: one message for one cause, with the first keys by name.
enum FailureReport {
    static let causesShown = 5
    private static let keyColumns = 34

    /// - Parameters:
    ///   - failures: the first ones, as many as were kept.
    ///   - total: how many failed in all.
    ///   - objects: how many were worked on.
    ///   - list: where all of them are.
    static func text(_ failures: [ReconcileFailure], total: Int, objects: Int, list: String?)
        -> String
    {
        var lines = [
            "brigade: \(Quantity.count(total)) of \(Quantity.count(objects, "object")) failed"
        ]
        let causes = grouped(failures)
        for (words, group) in causes.prefix(causesShown) {
            let key = TextLayout.shortened(group[0].key.description, to: keyColumns)
            let name =
                group.count == 1 ? key : "\(key) and \(Quantity.count(group.count - 1)) more"
            let advice = words + advice(group[0])
            let indent = "  " + TextLayout.padded(name, to: 18) + "  "
            let wrapped = TextLayout.wrap(advice, width: max(40, 98 - indent.count))
            lines.append(indent + wrapped[0])
            lines += wrapped.dropFirst().map {
                String(repeating: " ", count: indent.count) + $0
            }
        }
        if causes.count > causesShown {
            lines.append("  and \(Quantity.count(causes.count - causesShown, "other cause"))")
        }
        if let list { lines.append("  All of them: \(list)") }
        return lines.joined(separator: "\n")
    }

    /// By what happened, the most frequent first.
    static func grouped(_ failures: [ReconcileFailure]) -> [(String, [ReconcileFailure])] {
        var order: [String] = []
        var groups: [String: [ReconcileFailure]] = [:]
        for failure in failures {
            let cause = cause(failure)
            if groups[cause] == nil { order.append(cause) }
            groups[cause, default: []].append(failure)
        }
        // A stable order: what came first stands first among equals.
        return order.enumerated()
            .map { (index: $0.offset, cause: $0.element, group: groups[$0.element]!) }
            .sorted { ($1.group.count, $0.index) < ($0.group.count, $1.index) }
            .map { entry in
                // Each has its own length: what helps the longest helps them all.
                let isOfLength = entry.cause == ReplicationError.Kind.keyTooLong.rawValue
                let group =
                    isOfLength
                    ? entry.group.sorted { $0.key.bytes.count > $1.key.bytes.count } : entry.group
                return (words(group[0]), group)
            }
    }

    /// The same for failures that are told in one line.
    private static func cause(_ failure: ReconcileFailure) -> String {
        failure.kind == ReplicationError.Kind.keyTooLong.rawValue ? failure.kind : words(failure)
    }

    /// The cause without what differs from one object to the next, where the store's answer tells it.
    static func words(_ failure: ReconcileFailure) -> String {
        guard let store = failure.store else { return failure.message }
        if failure.kind == ReplicationError.Kind.tagsNotStored.rawValue {
            return "the content is in step, the tags are not: \(words(store) ?? store.message)"
        }
        if failure.kind == ReplicationError.Kind.keyTooLong.rawValue { return failure.message }
        return words(store) ?? failure.message
    }

    private static func words(_ store: StoreFailure) -> String? {
        let name = store.connection
        let code = store.code ?? store.status.map { "HTTP \($0)" }
        let suffix = code.map { " (\($0))" } ?? ""
        return switch store.kind {
        case .noSpace: "\(name) has no room\(suffix)"
        case .accessDenied: "\(name) refused \(store.operation)\(suffix)"
        case .noSuchBucket: "\(name) has no bucket \(store.bucket ?? "")"
        case .badCredentials: "\(name) did not accept the credentials\(suffix)"
        case .expiredCredentials: "the credentials of \(name) have expired\(suffix)"
        case .noCredentials: "there are no credentials for \(name)"
        case .unreachable: "\(name) could not be reached"
        case .throttled: "\(name) asked to slow down\(suffix)"
        case .unavailable: "\(name) failed \(store.operation)\(suffix)"
        case .timedOut: "\(name) did not go on with \(store.operation) in time"
        case .interrupted: "\(name) broke off \(store.operation)"
        case .archived: "archived at \(name)"
        default: nil
        }
    }

    private static func advice(_ failure: ReconcileFailure) -> String {
        switch failure.kind {
        case ReplicationError.Kind.archived.rawValue:
            let key = failure.key.description
            let glob = key.lastIndex(of: "/").map { key[...$0] + "*" } ?? key
            return "; restore it first, or exclude it with --exclude '\(glob)'"
        case ReplicationError.Kind.changedTooOften.rawValue:
            return "; run again when it is quiet"
        case ReplicationError.Kind.tagsNotStored.rawValue:
            return "; run again with --full, which looks at tags"
        default:
            return ""
        }
    }

    static func json(_ failure: ReconcileFailure) -> JSONValue {
        .object([
            "key": .key(failure.key), "kind": .string(failure.kind),
            "message": .string(failure.message),
            "connection": .optional(failure.store?.connection),
            "operation": .optional(failure.store?.operation),
            "code": .optional(failure.store?.code),
            "status": failure.store?.status.map { .int($0) } ?? .null,
            "requestID": .optional(failure.store?.requestID),
        ])
    }
}
