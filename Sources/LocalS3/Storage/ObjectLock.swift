/// How firmly a retention holds. Stored by number: never renumber.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html>
enum RetentionMode: UInt8, Sendable, CaseIterable {
    /// Whoever asks to bypass it may shorten or remove it.
    case governance = 1
    /// Nobody may, until its time has come.
    case compliance

    var name: String { self == .governance ? "GOVERNANCE" : "COMPLIANCE" }

    init?(name: String) {
        guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }
}

/// Until when a version may not be deleted.
struct Retention: Sendable, Equatable {
    var mode: RetentionMode
    var untilMilliseconds: Int64

    /// Whether `other` may take its place at a time: longer in the same mode always, all else by bypass at most.
    func yields(to other: Retention?, now: Int64, bypasses: Bool) -> Bool {
        if untilMilliseconds <= now { return true }
        if let other, other.mode == mode, other.untilMilliseconds >= untilMilliseconds {
            return true
        }
        return mode == .governance && bypasses
    }
}

/// A bucket's object lock: the retention of new versions that come without one of their own.
struct BucketLock: Sendable, Equatable {
    enum Unit: UInt8, Sendable {
        case days = 1
        case years
    }

    struct Default: Sendable, Equatable {
        var mode: RetentionMode
        var unit: Unit
        var count: UInt32
    }

    /// A year has 365 days here.
    private static let dayMilliseconds: Int64 = 86_400_000

    var retention: Default?

    func retention(from now: Int64) -> Retention? {
        retention.map {
            let days = Int64($0.count) * ($0.unit == .years ? 365 : 1)
            return Retention(mode: $0.mode, untilMilliseconds: now + days * Self.dayMilliseconds)
        }
    }

    func encode(into writer: inout ByteWriter) {
        guard let retention else { return }
        writer.append(retention.mode.rawValue)
        writer.append(retention.unit.rawValue)
        writer.append(retention.count)
    }

    init() {}

    /// nil when the bytes are no lock.
    init?(from reader: inout ByteReader) {
        guard !reader.isAtEnd else { return }
        guard let rawMode: UInt8 = reader.integer(), let mode = RetentionMode(rawValue: rawMode),
            let rawUnit: UInt8 = reader.integer(), let unit = Unit(rawValue: rawUnit),
            let count: UInt32 = reader.integer()
        else { return nil }
        retention = Default(mode: mode, unit: unit, count: count)
    }
}

extension ObjectRecord {
    /// Whether it has a retention or a legal hold, in force or not.
    var hasLock: Bool { retention != nil || isHeld != nil }
}
