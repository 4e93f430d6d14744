import ArgumentParser

/// A size in bytes as people write it: `4096`, `64K`, `64KiB`, `16M`, `1.5G`, `100MB`. One letter, or a
/// letter and `iB`, counts in powers of 1,024; `kB`, `MB`, `GB` in powers of 1,000.
struct ByteSize: ExpressibleByArgument, Equatable, Sendable {
    var bytes: Int64

    init(bytes: Int64) {
        self.bytes = bytes
    }

    init?(argument: String) {
        let text = argument.lowercased()
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let scale = Self.scale(text.dropFirst(digits.count)),
            let value = Self.scaled(digits, by: scale)
        else { return nil }
        bytes = value
    }

    private static func scale(_ suffix: Substring) -> Int64? {
        if suffix.isEmpty || suffix == "b" { return 1 }
        guard let letter = suffix.first,
            let power = ["k", "m", "g", "t", "p"].firstIndex(of: letter)
        else { return nil }
        let unit: Int64
        switch suffix.dropFirst() {
        case "", "i", "ib": unit = 1024
        case "b": unit = 1000
        default: return nil
        }
        return (0...power).reduce(1) { product, _ in product * unit }
    }

    /// Whole bytes: what is left of a fraction is cut.
    private static func scaled(_ digits: Substring, by scale: Int64) -> Int64? {
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = Int64(parts[0]) else { return nil }
        let (product, overflow) = whole.multipliedReportingOverflow(by: scale)
        guard !overflow else { return nil }
        guard parts.count == 2 else { return product }
        let fraction = parts[1]
        guard (1...9).contains(fraction.count), let part = Int64(fraction) else { return nil }
        let divisor = (0..<fraction.count).reduce(Int64(1)) { result, _ in result * 10 }
        let more = Int64(Int128(part) * Int128(scale) / Int128(divisor))
        let (sum, tooMuch) = product.addingReportingOverflow(more)
        return tooMuch ? nil : sum
    }
}
