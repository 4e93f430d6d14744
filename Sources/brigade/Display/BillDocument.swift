import Runtime

/// `brigade bill` for people and for tools: one bill, and what it would be on another card.
struct BillDocument {
    var title: String
    var bill: Bill
    var compared: Bill?
    var grouping: BillCommand.Grouping?
    /// Of the month that the bill is of; nil: none is set.
    var budget: BudgetReport.Line?

    // MARK: Table

    var table: String {
        let statement = bill.statement(title)
        var lines: [String]
        if let grouping {
            lines =
                ["  \(title)"] + groups(grouping)
                + ["  Total \(bill.total) on rate card \(bill.card.name)"]
        } else {
            lines = BillReport.lines(statement, heading: title)
        }
        if let compared {
            let difference = compared.total - bill.total
            let sign = difference.picodollars > 0 ? "+" : ""
            lines += [
                "  Total \(compared.total) on rate card \(compared.card.name)"
                    + " (\(sign)\(difference))"
            ]
        }
        if let budget {
            lines.append(
                "  Budget \(budget.scope): \(budget.spent) of \(budget.amount.exact) spent, "
                    + "\(budget.left) left")
        }
        return lines.joined(separator: "\n")
    }

    private func groups(_ grouping: BillCommand.Grouping) -> [String] {
        let groups = Self.grouped(bill, grouping)
        let width = min(32, groups.map(\.name.count).max() ?? 8)
        return groups.map { group in
            let work =
                group.invocations > 0
                ? Quantity.count(group.invocations, "invocation")
                : Quantity.count(group.requests, "request")
            return "  " + TextLayout.padded(TextLayout.shortened(group.name, to: width), to: width)
                + "  " + TextLayout.padded(work, to: 24) + "  \(group.cost)"
        }
    }

    struct Group: Equatable {
        var name: String
        var invocations = 0
        var requests = 0
        var cost = Money.zero
    }

    /// The costs of all groups add up to the bill's total.
    static func grouped(_ bill: Bill, _ grouping: BillCommand.Grouping) -> [Group] {
        var groups: [Group] = []
        func add(_ name: String, invocations: Int = 0, requests: Int = 0, _ cost: Money) {
            if !groups.contains(where: { $0.name == name }) { groups.append(Group(name: name)) }
            let index = groups.firstIndex { $0.name == name }!
            groups[index].invocations += invocations
            groups[index].requests += requests
            groups[index].cost += cost
        }
        for line in bill.lines {
            let requests = line.requests.reduce(0) { $0 + $1.usage.requests }
            switch grouping {
            case .function:
                add(
                    line.function?.tally.function ?? "(beside)",
                    invocations: line.function?.tally.invocations ?? 0, requests: requests,
                    line.total)
            case .rule:
                add(
                    line.piece.rule.isEmpty ? "(none)" : line.piece.rule,
                    invocations: line.function?.tally.invocations ?? 0, requests: requests,
                    line.total)
            case .connection:
                if let function = line.function {
                    add(
                        "Lambda", invocations: function.tally.invocations,
                        function.requestCost + function.computeCost)
                }
                for request in line.requests {
                    add(
                        request.usage.connection, requests: request.usage.requests,
                        request.cost + request.transferCost)
                }
            }
        }
        return groups
    }

    // MARK: JSON

    var json: JSONValue {
        var members: [JSONValue.Member] = [.init(name: "title", value: .string(title))]
        if let run = bill.lines.first?.piece.run, bill.lines.allSatisfy({ $0.piece.run == run }) {
            members.append(.init(name: "run", value: .string(run.run)))
            members.append(.init(name: "command", value: .string(run.command)))
            members.append(.init(name: "label", value: .string(run.label)))
        }
        if case .object(let own) = BillReport.json(bill.statement(title)) { members += own }
        if let grouping {
            members.append(.init(name: "by", value: .string(grouping.rawValue)))
            members.append(
                .init(
                    name: "groups",
                    value: .array(
                        Self.grouped(bill, grouping).map { group in
                            .object([
                                "name": .string(group.name),
                                "invocations": .int(group.invocations),
                                "requests": .int(group.requests),
                                "cost": .number(group.cost.exactDecimal),
                            ])
                        })))
        }
        if let compared {
            members.append(
                .init(name: "compared", value: BillReport.json(compared.statement(title))))
            members.append(
                .init(
                    name: "difference",
                    value: .number((compared.total - bill.total).exactDecimal)))
        }
        if let budget { members.append(.init(name: "budget", value: budget.json)) }
        return .object(members)
    }

    // MARK: CSV

    /// One line for each function, and for each connection's class of requests, of each run and day.
    var csv: String {
        var lines = [
            "day,run,command,function,version,rule,memory_mb,invocations,errors,billed_ms,connection,class,"
                + "requests,bytes_in,bytes_out,cost_usd,card"
        ]
        for bill in [bill] + (compared.map { [$0] } ?? []) {
            for line in bill.lines { lines += Self.csv(line, bill.card) }
        }
        return lines.joined(separator: "\n")
    }

    private static func csv(_ line: Bill.Line, _ card: RateCard) -> [String] {
        let piece = line.piece
        let start = [
            CalendarDay.text(piece.day), piece.run?.run ?? "", piece.run?.command ?? "",
            piece.tally.function, piece.version, piece.rule, "\(piece.tally.memoryMB)",
        ]
        var rows: [[String]] = []
        if let function = line.function {
            rows.append(
                start + [
                    "\(function.tally.invocations)", "\(function.tally.errors)",
                    "\(function.tally.billedMilliseconds)", "", "", "", "", "",
                    (function.requestCost + function.computeCost).exactDecimal, card.name,
                ])
        }
        for request in line.requests {
            rows.append(
                start + [
                    "", "", "", request.usage.connection, request.usage.requestClass,
                    "\(request.usage.requests)", "\(request.usage.bytesIn)",
                    "\(request.usage.bytesOut)",
                    (request.cost + request.transferCost).exactDecimal, card.name,
                ])
        }
        return rows.map { $0.map(CSV.field).joined(separator: ",") }
    }
}

enum CSV {
    /// Quoted where it must be (RFC 4180), and never a formula of a spreadsheet.
    static func field(_ text: String) -> String {
        var text = text
        let isNumber = text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
        }
        if !isNumber, let first = text.first, "=+-@\t".contains(first) { text = "'" + text }
        guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
        var quoted = "\""
        for character in text {
            quoted.append(character)
            if character == "\"" { quoted.append("\"") }
        }
        return quoted + "\""
    }
}
