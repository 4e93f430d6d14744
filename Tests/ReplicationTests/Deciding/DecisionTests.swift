import S3
import Testing

@testable import Replication

/// swift-testing has a `Tag` as well.
typealias Tag = S3.Tag

private let md5A = "0cc175b9c0f1b6a831c399e269772661"
private let md5B = "92eb5ffee6ae2fec3ad71c777531578f"

private func object(
    _ eTag: String, size: Int64 = 10, at seconds: Int64 = 1000,
    detail: ObjectState.Detail? = nil
) -> SideState {
    .present(
        ObjectState(
            size: size, eTag: ETag(eTag), lastModified: seconds * 1000, detail: detail))
}

private func detail(
    _ user: [(String, String)] = [], tags: [Tag]? = nil, tagCount: Int? = nil,
    encryption: String? = nil, checksums: [String: String] = [:]
) -> ObjectState.Detail {
    var metadata = ObjectMetadata()
    metadata.contentType = "text/plain"
    metadata.user = user.map { .init($0.0, $0.1) }
    return ObjectState.Detail(
        metadata: metadata, tagCount: tagCount ?? tags?.count ?? 0, tags: tags,
        encryption: encryption, checksums: checksums)
}

struct DecisionTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var source, destination: SideState
        var policy = Decision.Policy()
        var expected: Decision
        var testDescription: String { name }

        init(
            _ name: String, _ source: SideState, _ destination: SideState,
            _ expected: Decision, policy: (inout Decision.Policy) -> Void = { _ in }
        ) {
            self.name = name
            self.source = source
            self.destination = destination
            self.expected = expected
            policy(&self.policy)
        }
    }

    static let presence: [Row] = [
        Row("nothing anywhere", .absent, .absent, Decision(.skip, .absentOnBothSides)),
        Row("new", object(md5A), .absent, Decision(.copy(.ifAbsent), .absentAtDestination)),
        Row("extra, kept", .absent, object(md5A), Decision(.skip, .extraKept)),
        Row(
            "extra, propagated", .absent, object(md5A), Decision(.delete, .goneFromSource),
            policy: { $0.deletes = .propagate }),
        Row(
            "other size", object(md5A), object(md5B, size: 11),
            Decision(.copy(.ifMatch(ETag(md5B))), .sizeDiffers)),
        Row("same, newer copy", object(md5A), object(md5A, at: 1001), Decision(.skip, .same)),
        Row(
            "same, of one second", object(md5A), object(md5A),
            Decision(.look(source: true, destination: true), .sourceNotOlder)),
        Row("same, older source", object(md5A, at: 9), object(md5A), Decision(.skip, .same)),
        Row(
            "same, newer source", object(md5A, at: 1001), object(md5A),
            Decision(.look(source: true, destination: true), .sourceNotOlder)),
        Row(
            "same, but all is read in full", object(md5A), object(md5A),
            Decision(.look(source: true, destination: true), .mustLook),
            policy: { $0.full = true }),
    ]

    static let content: [Row] = [
        Row(
            "same size, other ETag, from listings", object(md5A), object(md5B),
            Decision(.look(source: false, destination: true), .mustLook)),
        Row(
            "same size, other ETag, no origin", object(md5A), object(md5B, detail: detail()),
            Decision(.copy(.ifMatch(ETag(md5B))), .contentDiffers)),
        Row(
            "recorded origin", object("\(md5A)-2"),
            object(md5B, at: 1001, detail: detail([("brigade-origin", "1;\(md5A)-2;1000;")])),
            Decision(.skip, .sameByOrigin)),
        Row(
            "recorded origin of an older source", object("\(md5B)-2", at: 2000),
            object(md5B, detail: detail([("brigade-origin", "1;\(md5A)-2;1000;")])),
            Decision(.look(source: true, destination: false), .mustLook)),
        Row(
            "another part layout, both looked at",
            object("\(md5A)-2", detail: detail()), object("\(md5A)-3", detail: detail()),
            Decision(.copy(.ifMatch(ETag("\(md5A)-3"))), .cannotCompare)),
        Row(
            "encrypted with KMS", object(md5A, detail: detail(encryption: "aws:kms")),
            object(md5B, detail: detail()),
            Decision(.copy(.ifMatch(ETag(md5B))), .cannotCompare)),
        Row(
            "encrypted with KMS, equal checksums",
            object(md5A, detail: detail(encryption: "aws:kms", checksums: ["CRC32": "aaaa"])),
            object(md5B, detail: detail(checksums: ["CRC32": "aaaa"])),
            Decision(.skip, .same)),
        Row(
            "encrypted with AES256 keeps MD5 ETags",
            object(md5A, detail: detail(encryption: "AES256")), object(md5B, detail: detail()),
            Decision(.copy(.ifMatch(ETag(md5B))), .contentDiffers)),
        Row(
            "destination's ETags are no MD5", object(md5A, detail: detail()),
            object(md5B, detail: detail()),
            Decision(.copy(.ifMatch(ETag(md5B))), .cannotCompare),
            policy: { $0.destinationDialect.singleETagIsMD5 = .no }),
        Row(
            "equal odd ETags prove nothing", object("weak"), object("weak"),
            Decision(.look(source: false, destination: true), .mustLook)),
    ]

    static let metadata: [Row] = [
        Row(
            "metadata differs", object(md5A, at: 2000, detail: detail([("a", "1")])),
            object(md5A, detail: detail()), Decision(.updateMetadata, .metadataDiffers)),
        Row(
            "metadata differs at an older source", object(md5A, detail: detail([("a", "1")])),
            object(md5A, at: 2000, detail: detail()),
            Decision(.updateMetadata, .metadataDiffers)),
        Row(
            "the origin marker is no difference", object(md5A, detail: detail()),
            object(md5A, detail: detail([("brigade-origin", "1;x;1;")])),
            Decision(.skip, .same)),
        Row(
            "tags not asked for yet", object(md5A, detail: detail(tagCount: 1)),
            object(md5A, detail: detail()), Decision(.lookAtTags, .mustLook)),
        Row(
            "tags differ", object(md5A, detail: detail(tags: [Tag("a", "1")])),
            object(md5A, detail: detail(tags: [])), Decision(.setTags, .tagsDiffer)),
        Row(
            "tags gone", object(md5A, detail: detail(tags: [])),
            object(md5A, detail: detail(tags: [Tag("a", "1")])),
            Decision(.setTags, .tagsDiffer)),
        Row(
            "tags in another order",
            object(md5A, detail: detail(tags: [Tag("a", "1"), Tag("b", "2")])),
            object(md5A, detail: detail(tags: [Tag("b", "2"), Tag("a", "1")])),
            Decision(.skip, .same)),
        Row(
            "tags the destination cannot hold",
            object(md5A, detail: detail(tags: [Tag("a", "1")])),
            object(md5A, detail: detail(tags: [])), Decision(.skip, .same),
            policy: { $0.destinationDialect.tagging = .no }),
        Row(
            "tags the rule leaves alone", object(md5A, detail: detail(tagCount: 3)),
            object(md5A, detail: detail()), Decision(.skip, .same),
            policy: { $0.comparesTags = false }),
    ]

    @Test(arguments: presence + content + metadata)
    func decides(_ row: Row) {
        let decision = Decision.decide(
            source: row.source, destination: row.destination, policy: row.policy)
        #expect(decision == row.expected)
    }
}
