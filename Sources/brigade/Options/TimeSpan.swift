import ArgumentParser

/// A span of time as people write it: `30s`, `10m`, `2h`, `7d`, `2w`, or several: `1h30m`.
struct TimeSpan: ExpressibleByArgument, Equatable, Sendable {
    var duration: Duration

    init(_ duration: Duration) {
        self.duration = duration
    }

    init?(argument: String) {
        var seconds: Int64 = 0
        var rest = Substring(argument.lowercased())
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            guard let value = Int64(digits), let unit = rest.first.flatMap(Self.seconds) else {
                return nil
            }
            rest = rest.dropFirst()
            let (product, overflow) = value.multipliedReportingOverflow(by: unit)
            let (sum, tooMuch) = seconds.addingReportingOverflow(product)
            guard !overflow, !tooMuch else { return nil }
            seconds = sum
        }
        duration = .seconds(seconds)
    }

    private static func seconds(_ unit: Character) -> Int64? {
        switch unit {
        case "s": 1
        case "m": 60
        case "h": 3600
        case "d": 86_400
        case "w": 604_800
        default: nil
        }
    }
}
