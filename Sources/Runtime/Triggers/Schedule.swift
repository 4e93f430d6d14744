/// When something is due again and again: a rate, or a pattern of the calendar in a time zone. Reads no clock.
///
/// Three languages, told apart by their form:
/// - `rate(5 minutes)` and `cron(0 10 * * ? *)` as EventBridge has them;
/// - five fields (`*/5 * * * *`) and `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly` as crontab(5) has them.
///
/// What a zone's clock does to a pattern: one that names hours runs once for each time on its list, at the first moment after
/// the gap when the clock skips that time, and only the first time when the clock shows it twice. One that runs in every hour
/// follows the clock: it runs whenever the clock shows its minute, twice too, and has nothing to make up for an hour that was not.
///
/// Sources: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html>,
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rate-expressions.html>,
/// <https://manpages.debian.org/bookworm/cron/crontab.5.en.html>
public struct Schedule: Sendable, Equatable, CustomStringConvertible {
    private enum Form: Equatable {
        case rate(milliseconds: Int64)
        case cron(CronPattern)
    }

    /// As it was written.
    public let description: String
    /// Whose clock a pattern goes by; a rate goes by none.
    public let zone: ZoneRules
    private let form: Form

    /// As EventBridge limits its expressions.
    static let longestText = 256

    /// - Throws: ``ScheduleError``, also when no day of any year can match: 30 February.
    public init(_ text: String, zone: ZoneRules = .utc) throws(ScheduleError) {
        description = text
        self.zone = zone
        guard text.utf8.count <= Self.longestText else {
            throw ScheduleError(
                .unknownForm, text: text, problem: "\(text.utf8.count) bytes long",
                allowed: "at most \(Self.longestText) bytes")
        }
        if let rate = Self.arguments(of: "rate", in: text) {
            form = .rate(milliseconds: try Self.period(rate, of: text))
            return
        }
        let pattern =
            if let fields = Self.arguments(of: "cron", in: text) {
                try CronPattern(eventBridge: fields, of: text)
            } else {
                try CronPattern(crontab: text)
            }
        guard pattern.nextWallTime(from: 0) != nil else {
            throw ScheduleError(
                .neverRuns, text: text, problem: "no day of any year is such a day",
                allowed: "days that the months have, in the years 1970 to 2199")
        }
        form = .cron(pattern)
    }

    /// The first moment that is due later than a given one, both in Unix milliseconds.
    /// - Parameter anchor: whence a rate counts, in Unix milliseconds: it is due one period after it, two, and so on,
    ///   and not at the anchor itself. A pattern of the calendar does not look at it.
    /// - Returns: a whole second for a pattern; nil when it never is due again, as when its years are over.
    public func next(after milliseconds: Int64, anchor: Int64) -> Int64? {
        switch form {
        case .rate(let period): Self.next(after: milliseconds, anchor: anchor, period: period)
        case .cron(let pattern): pattern.next(after: milliseconds, in: zone)
        }
    }

    private static func arguments(of name: String, in text: String) -> Substring? {
        guard text.hasPrefix(name + "("), text.hasSuffix(")") else { return nil }
        return text.dropFirst(name.count + 1).dropLast()
    }
}
