/// Draws a snapshot. Pure: the same snapshot gives the same lines.
struct ProgressRenderer: Sendable {
    var columns: Int
    var style: TextStyle

    static let longestSilence = Duration.seconds(2)
    private static let barColumns = 6...20

    /// Two lines, always: the numbers, and what happens beside them.
    func lines(_ snapshot: ProgressSnapshot) -> [String] {
        [numbers(snapshot), beside(snapshot)]
    }

    private func numbers(_ snapshot: ProgressSnapshot) -> String {
        var fields = [
            Quantity.count(snapshot.doneObjects, "object"),
            Quantity.bytes(snapshot.doneBytes),
            "\(Quantity.count(Int(snapshot.objectsPerSecond.rounded()))) obj/s",
            "\(Quantity.bytes(Int64(snapshot.bytesPerSecond)))/s",
            "\(Quantity.count(snapshot.failed)) failed",
        ]
        let tail = TextLayout.padded(Self.tail(snapshot), to: Self.tailColumns)
        let room = columns - 2 - tail.count - 4
        // On a narrow terminal the rates go first.
        while fields.count > 2, fields.joined(separator: " · ").count + 6 > room {
            fields.remove(at: fields.count == 5 ? 3 : fields.count == 4 ? 2 : 1)
        }
        let text = fields.joined(separator: " · ")
        // A line that wraps could not be drawn again in place.
        guard text.count + tail.count + 4 <= columns else {
            return String(("  " + text).prefix(columns))
        }
        let coloured =
            snapshot.failed > 0 && fields.last?.hasSuffix("failed") == true
            ? text.prefix(text.count - fields.last!.count) + style.red(fields.last!) : text[...]
        let barRoom = room - text.count
        guard let share = snapshot.share, barRoom >= Self.barColumns.lowerBound else {
            return "  \(coloured)  \(tail)"
        }
        let bar = bar(share, min(barRoom, Self.barColumns.upperBound))
        return "  \(coloured)  \(bar)  \(tail)"
    }

    /// " 61 %  29 d 23 h left" is the widest.
    static let tailColumns = 21

    /// " 61 %  0:14 left"; of one width when drawn, so that nothing before it moves.
    private static func tail(_ snapshot: ProgressSnapshot) -> String {
        guard let share = snapshot.share else {
            return snapshot.isListed ? "" : "listing …"
        }
        // Rounded down: 100 % is for when it is done.
        let percent = TextLayout.rightAligned("\(Int(share * 100)) %", to: 5)
        let left = snapshot.remaining.map { Quantity.duration($0) + " left" } ?? ""
        return percent + "  " + left
    }

    private func bar(_ share: Double, _ width: Int) -> String {
        let halves = Int(share * Double(width * 2))
        let full = halves / 2
        let done = String(repeating: "━", count: full) + (halves % 2 == 1 ? "╸" : "")
        let rest = String(repeating: "─", count: width - full - halves % 2)
        return style.green(done) + style.dim(rest)
    }

    private func beside(_ snapshot: ProgressSnapshot) -> String {
        if snapshot.silence >= Self.longestSilence, !snapshot.waitingFor.isEmpty {
            let text =
                "  waiting for \(snapshot.waitingFor), \(Quantity.duration(snapshot.silence)) so far"
            return String(text.prefix(columns))
        }
        var text = "  " + Self.activity(snapshot)
        if !snapshot.isListed, snapshot.scanned > 0 {
            text += ", \(Quantity.count(snapshot.scanned)) listed so far"
        }
        return style.dim(String(text.prefix(columns)))
    }

    private static func activity(_ snapshot: ProgressSnapshot) -> String {
        switch snapshot.phase {
        case .connecting: "connecting"
        case .copying:
            "copying \(Quantity.count(snapshot.totalObjects, "object")) that differ"
                .replacingSuffix(" object that differ", " object that differs")
        case .deleting: "deleting what is gone at the source"
        case .auditing: "comparing both sides"
        case .planning: "working out what would be done"
        }
    }

    /// The same in one line, for where lines stay.
    func plainLine(_ snapshot: ProgressSnapshot) -> String {
        if snapshot.silence >= Self.longestSilence, !snapshot.waitingFor.isEmpty {
            return
                "waiting for \(snapshot.waitingFor), \(Quantity.duration(snapshot.silence)) so far"
        }
        var fields = ["\(Quantity.duration(snapshot.elapsed))"]
        fields.append(
            snapshot.isListed
                ? "\(Quantity.count(snapshot.doneObjects)) of "
                    + Quantity.count(snapshot.totalObjects, "object")
                : "\(Quantity.count(snapshot.doneObjects, "object")), listing")
        fields.append(Quantity.bytes(snapshot.doneBytes))
        fields.append("\(Quantity.count(Int(snapshot.objectsPerSecond.rounded()))) obj/s")
        fields.append("\(Quantity.bytes(Int64(snapshot.bytesPerSecond)))/s")
        fields.append("\(Quantity.count(snapshot.failed)) failed")
        if let remaining = snapshot.remaining {
            fields.append("\(Quantity.duration(remaining)) left")
        }
        return fields.joined(separator: " · ")
    }
}

extension String {
    func replacingSuffix(_ suffix: String, _ other: String) -> String {
        hasSuffix(suffix) ? dropLast(suffix.count) + other : self
    }
}
