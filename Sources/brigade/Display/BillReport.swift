import Lambda
import Runtime

/// A statement, for people and for tools.
enum BillReport {
    /// Names longer than this are shortened, and costs stand behind this column.
    private static let nameColumns = 24
    private static let textColumns = 80

    /// The run's line, Lambda's line, one line a connection, and the total.
    static func lines(_ statement: Statement, heading: String? = nil) -> [String] {
        let invocations = Quantity.count(statement.invocations, "invocation")
        let gbSeconds = Quantity.decimal(Double(statement.milliGBSeconds) / 1000, places: 1)
        var lines = joined(
            [
                "\(heading ?? "Run \(statement.run)") ", "\(invocations) ·",
                "\(gbSeconds) GB-seconds",
            ],
            width: TextLayout.widestColumns - 2, separator: " "
        ).map { "  \($0)" }
        let names = connections(statement)
        let width = min(nameColumns, max(8, names.map(\.count).max() ?? 0))
        let free = statement.freeRequests
        let fields = [
            "requests \(statement.requestCost)",
            "(\(Quantity.count(free)) of \(Quantity.count(statement.card.freeRequestsPerMonth))"
                + " free a month),",
            "compute \(statement.computeCost)",
        ]
        lines += row(
            "Lambda", width, fields, separator: " ", statement.requestCost + statement.computeCost)
        for name in names {
            let own = statement.requests.filter { $0.usage.connection == name }
            lines += row(
                name, width, usage(own), separator: "  ",
                own.reduce(.zero) { $0 + $1.cost + $1.transferCost })
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

    private static func usage(_ lines: [Statement.RequestLine]) -> [String] {
        var fields = lines.map {
            "\(Quantity.count($0.usage.requests)) \($0.usage.requestClass)"
        }
        let sent = lines.filter { $0.usage.requestClass == "PUT" }
            .reduce(Int64(0)) { $0 + $1.usage.bytesOut }
        let received = lines.filter { $0.usage.requestClass == "GET" }
            .reduce(Int64(0)) { $0 + $1.usage.bytesIn }
        if sent > 0 { fields.append("\(Quantity.bytes(sent)) in") }
        if received > 0 { fields.append("\(Quantity.bytes(received)) out") }
        return fields
    }

    /// The cost ends the first line; what does not fit before it goes on below.
    private static func row(
        _ name: String, _ width: Int, _ fields: [String], separator: String, _ cost: Money
    ) -> [String] {
        let name = TextLayout.padded(TextLayout.shortened(name, to: width), to: width)
        let room = textColumns - width - 4
        let texts = joined(fields, width: room, separator: separator)
        let indent = String(repeating: " ", count: width + 4)
        return ["  \(name)  \(TextLayout.padded(texts.first ?? "", to: room))  \(cost)"]
            + texts.dropFirst().map { indent + $0 }
    }

    /// As many fields on a line as fit.
    private static func joined(_ fields: [String], width: Int, separator: String) -> [String] {
        var lines: [String] = []
        for field in fields {
            if let last = lines.last, last.count + separator.count + field.count <= width {
                lines[lines.count - 1] = last + separator + field
            } else {
                lines.append(field)
            }
        }
        return lines
    }

    static func json(_ statement: Statement) -> JSONValue {
        let functions = statement.functions.map { line -> JSONValue in
            .object([
                "kind": .string("function"), "function": .string(line.tally.function),
                "memoryMB": .int(line.tally.memoryMB),
                "invocations": .int(line.tally.invocations),
                "freeRequests": .int(line.freeRequests), "errors": .int(line.tally.errors),
                "billedMilliseconds": .int(line.tally.billedMilliseconds),
                "gbSeconds": .number(thousandths(line.milliGBSeconds)),
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
                "transferCost": .number(line.transferCost.exactDecimal),
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
            Money(picodollars: Int64((Quantity.inSeconds(duration) * 1e6).rounded()) * 1_000_000)
                .exactDecimal)
    }

    /// "12.5" for 12,500: no trailing zeros.
    private static func thousandths(_ value: Int64) -> String {
        let (whole, part) = value.quotientAndRemainder(dividingBy: 1000)
        return "\(whole)" + Money(picodollars: part * 1_000_000_000).exactDecimal.dropFirst()
    }
}
