import S3
import Signing

/// Which source object a copy was made from, kept with the copy as user metadata
/// (`x-amz-meta-brigade-origin`) where the ETags of the two cannot be compared.
///
/// The value is one line of four fields separated by `;`:
///
///     1;<ETag>;<Last-Modified, Unix seconds>;<version id, or nothing>
///
/// `1` is the format's version; ETag and version id are percent-encoded outside `A-Z a-z 0-9 - . _ ~`.
public struct Origin: Sendable, Equatable {
    /// Without `x-amz-meta-`, as ``S3/ObjectMetadata`` has it.
    public static let metadataName = "brigade-origin"

    public var eTag: ETag
    /// Unix seconds: HEAD has no finer clock.
    public var lastModifiedSeconds: Int64
    public var versionID: String?

    public init(_ object: ObjectState) {
        eTag = object.eTag
        lastModifiedSeconds = object.lastModified.wholeSeconds
        versionID = object.detail?.versionID
    }

    /// nil when the value is of another format, or of a later version of this one.
    public init?(parsing value: String) {
        let fields = value.utf8.split(
            separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
        guard fields.count == 4, fields[0].elementsEqual("1".utf8), !fields[1].isEmpty,
            let eTag = URIEncoding.decode(Substring(fields[1])),
            let seconds = Int64(Substring(fields[2])),
            let version = URIEncoding.decode(Substring(fields[3]))
        else { return nil }
        self.eTag = ETag(String(decoding: eTag, as: UTF8.self))
        lastModifiedSeconds = seconds
        versionID = version.isEmpty ? nil : String(decoding: version, as: UTF8.self)
    }

    public var value: String {
        let version = URIEncoding.encode((versionID ?? "").utf8, keepSlash: false)
        return "1;\(URIEncoding.encode(eTag.value.utf8, keepSlash: false))"
            + ";\(lastModifiedSeconds);\(version)"
    }

    /// Whether this copy holds the content of that source object. A well-formed ETag names content
    /// (or, under SSE-KMS, one write of it); an odd one must come with the same time as well.
    public func matches(_ source: ObjectState) -> Bool {
        guard eTag == source.eTag else { return false }
        if eTag.isMD5Shaped || eTag.partCount != nil { return true }
        guard lastModifiedSeconds == source.lastModified.wholeSeconds else { return false }
        guard let versionID, let seen = source.detail?.versionID else { return true }
        return versionID == seen
    }
}

extension Int64 {
    /// Unix milliseconds to seconds, rounded down as the stores do.
    var wholeSeconds: Int64 { self >= 0 ? self / 1000 : (self - 999) / 1000 }

    /// Whether an object that was last modified now may have changed after a copy of that time: in doubt, it may.
    ///
    /// Most stores tell seconds only, so that a change within the second of the copy has the copy's time. Where both have
    /// milliseconds, those decide.
    func mayFollow(_ copy: Int64) -> Bool {
        if self % 1000 != 0, copy % 1000 != 0 { return self >= copy }
        return wholeSeconds >= copy.wholeSeconds
    }
}
