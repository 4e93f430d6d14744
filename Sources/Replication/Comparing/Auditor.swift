import S3
import Signing

/// An audit of one pair: what `verify` does to each key.
///
/// `.checksum` and `.bytes` prove what no listing tells, so they need every pair: give them a `Comparison`
/// with `everyPair`.
public struct Auditor: Sendable {
    private let mode: AuditMode
    private let comparesTags: Bool
    private let sides: @Sendable (UsageMeter?) -> (any AuditedSide, any AuditedSide)

    public init(rule: ReplicationRule, mode: AuditMode) {
        self.init(mode: mode, comparesTags: rule.copying.copiesTags) { meter in
            (PlaceSide(rule.source, meter: meter), PlaceSide(rule.destination, meter: meter))
        }
    }

    init(
        mode: AuditMode, comparesTags: Bool,
        sides: @escaping @Sendable (UsageMeter?) -> (any AuditedSide, any AuditedSide)
    ) {
        self.mode = mode
        self.comparesTags = comparesTags
        self.sides = sides
    }

    /// nil: proven equal in content, content headers, user metadata and tags, as far as the mode goes.
    ///
    /// `.etag` costs no request where listings decide. Everything else costs one HEAD a side, and so does
    /// confirming a difference that the listings showed. `.checksum` then reads where there are no stored
    /// checksums in common: one side when the other has one, else both. `.bytes` reads both sides. What is
    /// read is pinned by its ETag; an object that changes meanwhile is looked at once more.
    /// Memory: a few blocks of each body.
    /// - Throws: `S3Error` when a store cannot be reached or refuses altogether; `CancellationError`. What
    ///   only concerns this object is a finding: `unreadable`.
    public func audit(
        _ key: ObjectKey, evidence: Evidence, meter: UsageMeter?
    ) async throws -> AuditFinding? {
        let (source, destination) = sides(meter)
        if mode == .etag, let here = evidence.source, let there = evidence.destination {
            let rules = PairRules(
                source: source.dialect, destination: destination.dialect, isFull: false)
            if rules.verdict(here, there) == .same { return nil }
        }
        let pair = AuditedPair(
            key: key, mode: mode, comparesTags: comparesTags, source: source,
            destination: destination)
        do {
            do {
                return try await pair.look()
            } catch is ObjectMoved {
                return try await pair.look()
            }
        } catch is ObjectMoved {
            return AuditFinding(
                key: key, kind: .unreadable, detail: "it changed twice while it was audited")
        } catch let failure as UnreadableObject {
            return AuditFinding(
                key: key, kind: .unreadable,
                detail: "cannot be read at \(failure.side): \(failure.cause)")
        }
    }
}

/// The object is not the one that was looked at any more.
struct ObjectMoved: Error {}

/// One object could not be read; the store as such answers.
struct UnreadableObject: Error {
    var side: String
    var cause: S3Error

    /// nil when the error is about the store, and the audit cannot go on.
    init?(_ cause: S3Error, at side: String) {
        switch cause.kind {
        case .accessDenied, .archived, .interrupted, .timedOut, .malformedAnswer, .tooLarge,
            .integrity, .invalidRequest, .notSupported, .conflict, .noSuchUpload, .notModified:
            self.side = side
            self.cause = cause
        case .noSuchBucket, .badCredentials, .expiredCredentials, .noCredentials, .clockSkew,
            .throttled, .unavailable, .unreachable, .untrusted, .noSpace, .cancelled, .noSuchKey,
            .preconditionFailed:
            return nil
        }
    }
}
