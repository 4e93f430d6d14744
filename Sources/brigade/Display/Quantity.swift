/// Numbers as people read them.
enum Quantity {
    /// "12,408"
    static func count(_ value: some BinaryInteger) -> String {
        let digits = String(value.magnitude)
        var text = value < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }

    /// "1 object", "2 objects"
    static func count(_ value: some BinaryInteger, _ noun: String) -> String {
        count(value) + " " + noun + (value == 1 ? "" : "s")
    }

    private static let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]

    /// "0 B", "512 B", "4.2 GiB", "182 MiB": IEC units, one decimal below ten.
    static func bytes(_ value: Int64) -> String {
        guard value >= 1024 else { return "\(max(0, value)) B" }
        var scaled = Double(value) / 1024
        var unit = 0
        // Not to read "1,024 KiB": what rounds to the next unit is shown in it.
        while scaled >= 1023.5, unit + 1 < units.count {
            scaled /= 1024
            unit += 1
        }
        return decimal(scaled, places: scaled < 9.95 ? 1 : 0) + " " + units[unit]
    }

    /// "0:07", "12:03", "1:02:03", "3 d 4 h".
    static func duration(_ duration: Duration) -> String {
        let seconds = max(0, Int((inSeconds(duration)).rounded()))
        if seconds >= 86_400 { return "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h" }
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        if seconds >= 3600 {
            return "\(seconds / 3600):\(two(seconds % 3600 / 60)):\(two(seconds % 60))"
        }
        return "\(seconds / 60):\(two(seconds % 60))"
    }

    static func inSeconds(_ duration: Duration) -> Double {
        let (seconds, attoseconds) = duration.components
        return Double(seconds) + Double(attoseconds) / 1e18
    }

    /// With a fixed number of decimals, and separators before the point.
    static func decimal(_ value: Double, places: Int) -> String {
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let scaled = Int64((value * scale).rounded())
        let (whole, part) = scaled.quotientAndRemainder(dividingBy: Int64(scale))
        guard places > 0 else { return count(whole) }
        let digits = String(part)
        return count(whole) + "." + String(repeating: "0", count: places - digits.count) + digits
    }
}
