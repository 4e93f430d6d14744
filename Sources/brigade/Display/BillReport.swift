import Lambda
import Runtime

/// A statement, for people and for tools.
enum BillReport {
    private static let costColumn = 66

    /// The run's line, Lambda's line, one line a connection, and the total.
    static func lines(_ statement: Statement) -> [String] {
        let invocations = Quantity.count(statement.invocations, "invocation")
        let gbSeconds = Quantity.decimal(Double(statement.milliGBSeconds) / 1000, places: 1)
        var lines = ["  Run \(statement.run)  \(invocations) · \(gbSeconds) GB-seconds"]
        let names = connections(statement)
        let width = max(8, names.map(\.count).max() ?? 0)
        let free = min(Int64(statement.invocations), statement.card.freeRequestsPerMonth)
        let allowance =
            "(\(Quantity.count(free)) of \(Quantity.count(statement.card.freeRequestsPerMonth))"
            + " free a month)"
        lines.append(
            row(
                "Lambda", width,
                "requests \(statement.requestCost) \(allowance), compute \(statement.computeCost)",
                statement.requestCost + statement.computeCost))
        for name in names {
            let own = statement.requests.filter { $0.usage.connection == name }
            lines.append(row(name, width, usage(own), own.reduce(.zero) { $0 + $1.cost }))
        }
        lines.append("  Total \(statement.total) on rate card \(statement.card.name)")
        return lines
    }

    private static func connections(_ statement: Statement) -> [String] {
        var names: [String] = []
        for line in statement.requests where !names.contains(line.usage.connection) {
            names.append(line.usage.connection)
        }
        return names
    }

    private static func usage(_ lines: [Statement.RequestLine]) -> String {
        var fields = lines.map {
            "\(Quantity.count($0.usage.requests)) \($0.usage.requestClass)"
        }
        let sent = lines.filter { $0.usage.requestClass == "PUT" }
            .reduce(Int64(0)) { $0 + $1.usage.bytesOut }
        let received = lines.filter { $0.usage.requestClass == "GET" }
            .reduce(Int64(0)) { $0 + $1.usage.bytesIn }
        if sent > 0 { fields.append("\(Quantity.bytes(sent)) in") }
        if received > 0 { fields.append("\(Quantity.bytes(received)) out") }
        return fields.joined(separator: "  ")
    }

    private static func row(_ name: String, _ width: Int, _ text: String, _ cost: Money) -> String {
        let start = "  " + TextLayout.padded(name, to: width) + "  "
        let padded = TextLayout.padded(text, to: costColumn - start.count + 14)
        return start + padded + "  \(cost)"
    }

    static func json(_ statement: Statement) -> JSONValue {
        let functions = statement.functions.map { line -> JSONValue in
            .object([
                "kind": .string("function"), "function": .string(line.tally.function),
                "memoryMB": .int(line.tally.memoryMB),
                "invocations": .int(line.tally.invocations), "errors": .int(line.tally.errors),
                "billedMilliseconds": .int(line.tally.billedMilliseconds),
                "gbSeconds": .number(
                    Money(picodollars: line.milliGBSeconds * 1_000_000_000).exactDecimal),
                "p50Seconds": quantile(line.tally, 50), "p99Seconds": quantile(line.tally, 99),
                "requestCost": .number(line.requestCost.exactDecimal),
                "computeCost": .number(line.computeCost.exactDecimal),
                "cost": .number((line.requestCost + line.computeCost).exactDecimal),
            ])
        }
        let requests = statement.requests.map { line -> JSONValue in
            .object([
                "kind": .string("requests"), "connection": .string(line.usage.connection),
                "class": .string(line.usage.requestClass), "requests": .int(line.usage.requests),
                "bytesIn": .int(line.usage.bytesIn), "bytesOut": .int(line.usage.bytesOut),
                "cost": .number(line.cost.exactDecimal),
            ])
        }
        return .object([
            "card": .string(statement.card.name), "currency": .string(Statement.currency),
            "total": .number(statement.total.exactDecimal), "lines": .array(functions + requests),
        ])
    }

    /// The bucket's upper bound: durations are kept in a histogram.
    private static func quantile(_ tally: InvocationTally, _ percentile: Double) -> JSONValue {
        guard let duration = tally.duration(atPercentile: percentile) else { return .null }
        return .number(
            Money(picodollars: Int64(Quantity.inSeconds(duration) * 1e6) * 1_000_000).exactDecimal)
    }
}
