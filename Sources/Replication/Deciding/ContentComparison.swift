import S3

/// Whether two objects hold the same bytes, as far as what was seen of them can tell.
public enum ContentComparison: Sendable, Equatable {
    case same
    /// By the origin that the destination object carries.
    case sameByOrigin
    case sizeDiffers
    case eTagDiffers
    /// The destination's HEAD may tell (its origin, its encryption).
    case needsDestinationHead
    /// Nothing that both sides know can be compared.
    case cannotTell

    /// - Parameters:
    ///   - sourceDialect: What is known of the ETags of the source's store.
    ///   - destinationDialect: Likewise.
    public static func of(
        _ source: ObjectState, _ destination: ObjectState, sourceDialect: Dialect,
        destinationDialect: Dialect
    ) -> ContentComparison {
        guard source.size == destination.size else { return .sizeDiffers }
        if source.eTag.isContentTag, source.eTag == destination.eTag { return .same }
        // Unequal ETags of equal size: before megabytes move, one HEAD looks for an origin, and for
        // an encryption that a listing does not show.
        guard let detail = destination.detail else { return .needsDestinationHead }
        if let origin = destination.origin, origin.matches(source) { return .sameByOrigin }
        if let checksums = source.detail?.checksums {
            for (algorithm, value) in checksums {
                guard let other = detail.checksums[algorithm] else { continue }
                return value == other ? .same : .eTagDiffers
            }
        }
        let comparable = areComparable(
            source, destination, sourceDialect: sourceDialect,
            destinationDialect: destinationDialect)
        return comparable ? .eTagDiffers : .cannotTell
    }

    /// True when unequal ETags mean unequal content: both are the MD5 of a single PUT, or both are
    /// of a multipart object of the same number of parts.
    public static func areComparable(
        _ source: ObjectState, _ destination: ObjectState, sourceDialect: Dialect,
        destinationDialect: Dialect
    ) -> Bool {
        guard !source.hasOpaqueEncryption, !destination.hasOpaqueEncryption else { return false }
        if source.eTag.isMD5Shaped, destination.eTag.isMD5Shaped {
            return sourceDialect.singleETagIsMD5 != .no
                && destinationDialect.singleETagIsMD5 != .no
        }
        if let parts = source.eTag.partCount, parts == destination.eTag.partCount {
            return sourceDialect.hasStandardMultipartETags
                && destinationDialect.hasStandardMultipartETags
        }
        return false
    }
}

extension ETag {
    /// Of one of the two forms that stores derive from content.
    var isContentTag: Bool { isMD5Shaped || partCount != nil }
}

extension Dialect {
    /// As far as is known.
    var hasStandardMultipartETags: Bool {
        multipartETag == .standard || multipartETag == .unknown
    }
}
