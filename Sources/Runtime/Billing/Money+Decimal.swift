extension Money {
    /// What a budget may be at most, in dollars: sums stay far from what ``Money`` can hold.
    public static let largestAmount: Int64 = 1_000_000

    /// Of an amount as people write it: "5", "5.00", "0.000165". Nil for anything else: a sign, a currency, an exponent, more
    /// than ``largestAmount``, more than twelve decimal places.
    public init?(decimal text: String) {
        let parts = text.utf8.split(
            separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let dollars = Self.number(parts[0], digits: 1...9), dollars <= Self.largestAmount
        else { return nil }
        var part: Int64 = 0
        if parts.count == 2 {
            guard let number = Self.number(parts[1], digits: 1...12) else { return nil }
            part = number
            for _ in parts[1].count..<12 { part *= 10 }
        }
        guard dollars < Self.largestAmount || part == 0 else { return nil }
        self.init(picodollars: dollars * 1_000_000_000_000 + part)
    }

    /// "$5.00", "$0.000165": every digit, two decimal places at least.
    public var exact: String {
        let text = exactDecimal
        let places = text.split(separator: ".", maxSplits: 1).dropFirst().first?.utf8.count ?? 0
        let zeros = String(repeating: "0", count: max(0, 2 - places))
        return (picodollars < 0 ? "-$" : "$") + text.drop { $0 == "-" }
            + (places == 0 ? "." : "") + zeros
    }

    private static func number(
        _ text: Substring.UTF8View, digits: ClosedRange<Int>
    ) -> Int64? {
        guard digits.contains(text.count),
            text.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return text.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }
}
