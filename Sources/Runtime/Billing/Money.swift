/// An exact amount of US dollars in picodollars (10^-12): every price used here is a whole number of
/// them, so sums never drift. Holds up to nine million dollars.
public struct Money: Sendable, Hashable, Comparable, AdditiveArithmetic, CustomStringConvertible {
    public var picodollars: Int64

    public init(picodollars: Int64) {
        self.picodollars = picodollars
    }

    public static let zero = Money(picodollars: 0)

    public static func + (a: Money, b: Money) -> Money {
        Money(picodollars: a.picodollars + b.picodollars)
    }

    public static func - (a: Money, b: Money) -> Money {
        Money(picodollars: a.picodollars - b.picodollars)
    }

    public static func < (a: Money, b: Money) -> Bool {
        a.picodollars < b.picodollars
    }

    /// "0.06482" : every digit, no trailing zeros: a JSON number.
    public var exactDecimal: String {
        let magnitude = picodollars.magnitude
        let (whole, part) = magnitude.quotientAndRemainder(dividingBy: 1_000_000_000_000)
        let sign = picodollars < 0 ? "-" : ""
        guard part > 0 else { return "\(sign)\(whole)" }
        var digits = String(part)
        digits = String(repeating: "0", count: 12 - digits.count) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(sign)\(whole).\(digits)"
    }

    /// For people: "$0.00", "$0.002715", "$123.46". Six digits below 100 dollars, and what is not zero
    /// never reads as zero.
    public var description: String {
        if picodollars == 0 { return "$0.00" }
        let magnitude = picodollars.magnitude
        let sign = picodollars < 0 ? "-" : ""
        if magnitude < 500_000 { return sign + "<$0.000001" }
        let places = magnitude < 100_000_000_000_000 ? 6 : 2
        let unit: UInt64 = places == 6 ? 1_000_000 : 10_000_000_000
        let rounded = (magnitude + unit / 2) / unit
        let scale: UInt64 = places == 6 ? 1_000_000 : 100
        let (whole, part) = rounded.quotientAndRemainder(dividingBy: scale)
        let digits = String(part)
        return "\(sign)$\(whole)." + String(repeating: "0", count: places - digits.count) + digits
    }
}
