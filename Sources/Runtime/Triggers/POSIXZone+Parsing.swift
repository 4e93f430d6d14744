extension POSIXZone {
    /// nil when it is no such rule.
    init?(_ text: [UInt8]) {
        var reader = POSIXZoneReader(text[...])
        guard reader.skipName(), let west = reader.time(hours: 24) else { return nil }
        offset = -west
        guard !reader.isAtEnd else { return }
        guard reader.skipName() else { return nil }
        var summerOffset = offset + 3600
        if !reader.isAtEnd, !reader.skip(",") {
            guard let west = reader.time(hours: 24) else { return nil }
            summerOffset = -west
            guard reader.isAtEnd || reader.skip(",") else { return nil }
        }
        // Without a rule: that of the United States, as everybody reads it.
        if reader.isAtEnd { reader = POSIXZoneReader(Array("M3.2.0,M11.1.0".utf8)[...]) }
        guard let start = reader.turn(), reader.skip(","), let end = reader.turn(), reader.isAtEnd
        else { return nil }
        summer = Summer(offset: summerOffset, start: start, end: end)
    }
}

private struct POSIXZoneReader {
    private var rest: ArraySlice<UInt8>

    init(_ text: ArraySlice<UInt8>) { rest = text }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    /// Letters, or whatever stands between `<` and `>`.
    mutating func skipName() -> Bool {
        if skip("<") {
            guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
            rest = rest[(end + 1)...]
            return true
        }
        let letters = rest.prefix {
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
        }
        rest = rest.dropFirst(letters.count)
        return letters.count >= 3
    }

    /// `[+-]hh[:mm[:ss]]`, in seconds.
    mutating func time(hours: Int64) -> Int64? {
        let isNegative = skip("-")
        if !isNegative { _ = skip("+") }
        guard var seconds = number(0...hours).map({ $0 * 3600 }) else { return nil }
        for unit: Int64 in [60, 1] where skip(":") {
            guard let part = number(0...59) else { return nil }
            seconds += part * unit
        }
        return isNegative ? -seconds : seconds
    }

    mutating func turn() -> POSIXZone.Turn? {
        let day: POSIXZone.Turn.Day
        if skip("M") {
            guard let month = number(1...12), skip("."), let week = number(1...5), skip("."),
                let weekday = number(0...6)
            else { return nil }
            day = .weekday(month: month, week: week, weekday: weekday)
        } else if skip("J") {
            guard let number = number(1...365) else { return nil }
            day = .julian(number)
        } else {
            guard let number = number(0...365) else { return nil }
            day = .ordinal(number)
        }
        guard skip("/") else { return POSIXZone.Turn(day: day, time: 7200) }
        return time(hours: 167).map { POSIXZone.Turn(day: day, time: $0) }
    }

    private mutating func number(_ range: ClosedRange<Int64>) -> Int64? {
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard (1...3).contains(digits.count) else { return nil }
        rest = rest.dropFirst(digits.count)
        let value = digits.reduce(Int64(0)) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
        return range.contains(value) ? value : nil
    }
}
