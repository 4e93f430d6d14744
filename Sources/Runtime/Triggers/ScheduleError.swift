/// Why a text is no schedule, or a name no time zone. Says what to write instead: it is shown with the configuration's line in front.
public struct ScheduleError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        /// Neither `rate(…)`, nor `cron(…)`, nor five fields, nor a name such as `@daily`.
        case unknownForm
        /// A part of it has a value that it cannot have.
        case invalidField
        /// No day in any year is as it asks.
        case neverRuns
        /// No such time zone, or no data of time zones on this machine.
        case unknownZone
        /// The zone's file is none, or is longer than one can be.
        case unreadableZone
    }

    public var kind: Kind
    /// What was written: at most ``longestText`` characters of it.
    public var text: String
    /// The field as the language of the schedule calls it ("day-of-month"); nil: the text as a whole.
    public var field: String?
    /// "60 is more than 59".
    public var problem: String
    /// What may stand there.
    public var allowed: String

    static let longestText = 80

    init(_ kind: Kind, text: String, field: String? = nil, problem: String, allowed: String) {
        self.kind = kind
        self.text =
            text.count > Self.longestText ? text.prefix(Self.longestText) + "…" : text
        self.field = field
        self.problem = problem
        self.allowed = allowed
    }

    /// The text is quoted as Swift quotes: a control character in it reaches no terminal.
    public var description: String {
        "\(String(reflecting: text)): \(field.map { $0 + ": " } ?? "")\(problem); allowed: \(allowed)"
    }
}
