import S3
import Testing

@testable import Replication

struct MetadataComparisonTests {
    @Test(
        arguments: [
            (nil, nil), ("gzip", "gzip"), ("aws-chunked", nil), ("AWS-chunked,gzip", "gzip"),
            ("gzip, aws-chunked", "gzip"), ("gzip, br", "gzip, br"), ("", nil),
        ] as [(String?, String?)])
    func dropsTheFramingFromContentEncoding(_ value: String?, _ kept: String?) {
        #expect(MetadataComparison.storedEncoding(value) == kept)
    }

    @Test func anUnknownContentTypeMayBeFilledIn() {
        var destination = ObjectMetadata()
        destination.contentType = "application/octet-stream"
        #expect(MetadataComparison.areSame(ObjectMetadata(), destination))
        #expect(!MetadataComparison.areSame(destination, ObjectMetadata()))
    }

    @Test func theOrderOfUserMetadataDoesNotMatter() {
        var a = ObjectMetadata()
        var b = ObjectMetadata()
        a.user = [.init("x", "1"), .init("y", "2")]
        b.user = [.init("y", "2"), .init("x", "1")]
        #expect(MetadataComparison.areSame(a, b))
        b.user[0].value = "3"
        #expect(!MetadataComparison.areSame(a, b))
    }
}
