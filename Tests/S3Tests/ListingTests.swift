import Testing
import XML

@testable import S3

@Suite struct ListingTests {
    /// As AWS answers version 2 with `encoding-type=url`.
    @Test func version2() throws {
        let listing = try ObjectListing(
            Array(
                """
                <?xml version="1.0" encoding="UTF-8"?>
                <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix>a%2F</Prefix>\
                <NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken>\
                <KeyCount>2</KeyCount><MaxKeys>2</MaxKeys><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>\
                <Contents><Key>a/b+c%2B%01%25</Key><LastModified>2009-10-12T17:50:30.123Z</LastModified>\
                <ETag>&quot;fba9dede5f27731c9771645a39863328&quot;</ETag><Size>434234</Size>\
                <StorageClass>STANDARD</StorageClass></Contents>\
                <Contents><Key>a/%C3%BC</Key><LastModified>2009-10-12T17:50:30Z</LastModified>\
                <ETag>"d41d8cd98f00b204e9800998ecf8427e-2"</ETag><ChecksumAlgorithm>CRC32</ChecksumAlgorithm>\
                <Size>0</Size><Owner><ID>x</ID></Owner></Contents>\
                <CommonPrefixes><Prefix>a/d%2Be/</Prefix></CommonPrefixes></ListBucketResult>
                """.utf8))
        #expect(listing.problem == nil)
        #expect(listing.isTruncated)
        #expect(listing.isEncoded)
        #expect(!listing.hasMarker)
        #expect(listing.nextToken == "1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=")
        #expect(
            listing.objects == [
                ListedObject(
                    key: "a/b c+\u{1}%", size: 434234,
                    eTag: ETag("fba9dede5f27731c9771645a39863328"),
                    lastModified: 1_255_369_830_123, storageClass: "STANDARD"),
                ListedObject(
                    key: "a/\u{FC}", size: 0, eTag: ETag("d41d8cd98f00b204e9800998ecf8427e-2"),
                    lastModified: 1_255_369_830_000),
            ])
        #expect(listing.commonPrefixes == ["a/d+e/"])
    }

    /// MinIO tells the encoding last.
    @Test func theEncodingMayComeLast() throws {
        let listing = try ObjectListing(
            Array(
                """
                <ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a%0Ab</Key>\
                <LastModified>2009-10-12T17:50:30.123Z</LastModified><ETag>x</ETag><Size>1</Size></Contents>\
                <EncodingType>url</EncodingType></ListBucketResult>
                """.utf8))
        #expect(listing.objects.map(\.key) == ["a\nb"])
    }

    /// The answer counts, and not what was asked for.
    @Test func withoutEncodingKeysAreTakenAsTheyStand() throws {
        let listing = try ObjectListing(
            Array(
                """
                <ListBucketResult><Marker></Marker><NextMarker>a%2B+&amp;</NextMarker><IsTruncated>true</IsTruncated>\
                <Contents><Key>a%2B+&amp;</Key><LastModified>2009-10-12T17:50:30.123Z</LastModified><ETag>x</ETag>\
                <Size>1</Size></Contents></ListBucketResult>
                """.utf8))
        #expect(listing.objects.map(\.key) == ["a%2B+&"])
        #expect(listing.nextMarker == "a%2B+&")
        #expect(listing.hasMarker)
    }

    @Test func empty() throws {
        let listing = try ObjectListing(
            Array("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>".utf8))
        #expect(listing.objects.isEmpty)
        #expect(listing.problem == nil)
        #expect(listing.lastKey == nil)
    }

    @Test(arguments: [
        "", "<html></html>", "<ListBucketResult><IsTruncated>false</IsTruncated>",
        "<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key><LastModified>soon</LastModified></Contents></ListBucketResult>",
        "<Error><Code>InternalError</Code></Error>",
    ])
    func whatIsNoListingIsAnError(document: String) {
        #expect(throws: XMLError.self) { try ObjectListing(Array(document.utf8)) }
    }

    @Test(arguments: [
        "<ListBucketResult/>",
        "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated><Contents><Key>a%zz</Key></Contents></ListBucketResult>",
    ])
    func whatCannotBeBelievedIsAProblem(document: String) throws {
        #expect(try ObjectListing(Array(document.utf8)).problem != nil)
    }

    @Test func versions() throws {
        let listing = try VersionListing(
            Array(
                """
                <ListVersionsResult><KeyMarker></KeyMarker><NextKeyMarker>b%20</NextKeyMarker>\
                <NextVersionIdMarker>v9</NextVersionIdMarker><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>\
                <Version><Key>a%0A</Key><VersionId>v1</VersionId><IsLatest>true</IsLatest>\
                <LastModified>2009-10-12T17:50:30.000Z</LastModified><ETag>"e"</ETag><Size>3</Size></Version>\
                <DeleteMarker><Key>b+</Key><VersionId>null</VersionId><IsLatest>false</IsLatest>\
                <LastModified>2009-10-12T17:50:30.000Z</LastModified></DeleteMarker></ListVersionsResult>
                """.utf8))
        #expect(listing.problem == nil)
        #expect(listing.versions.map(\.object.key) == ["a\n", "b "])
        #expect(listing.versions.map(\.versionID) == ["v1", "null"])
        #expect(listing.versions.map(\.isDeleteMarker) == [false, true])
        #expect(listing.versions.map(\.isLatest) == [true, false])
        #expect(listing.nextKeyMarker == "b ")
        #expect(listing.nextVersionIDMarker == "v9")
    }

    @Test func tokens() {
        for place in [
            ListingPlace.continuation("a+/="), .marker(ObjectKey([0xFF, 0x00, 0x2F, 0x25])),
            .marker("a b"),
        ] {
            #expect(ListingPlace(token: place.token) == place)
        }
        #expect(ListingPlace(token: "") == nil)
        #expect(ListingPlace(token: "x") == nil)
    }

    @Test(
        arguments: [
            ("2009-10-12T17:50:30.000Z", 1_255_369_830_000), ("1970-01-01T00:00:00.001Z", 1),
            ("2024-02-29T23:59:59.999Z", 1_709_251_199_999),
            ("2000-03-01T00:00:00.000Z", 951_868_800_000),
            ("2026-11-23T14:06:10Z", 1_795_442_770_000),
        ] as [(String, Int64)])
    func times(text: String, milliseconds: Int64) {
        #expect(ListingTime.milliseconds(Array(text.utf8)) == milliseconds)
    }
}

@Suite struct DocumentTests {
    @Test(arguments: [
        ("plain/key", true), ("a b", true), ("\u{FC}\u{1F600}", true), ("a&<>\"'", true),
        ("a\u{1}", false), ("a\n", false), ("a\rb", false), ("a\tb", false), (" a", false),
        ("a ", false), ("\u{7F}", false), ("\u{FFFF}", false), ("", false),
    ])
    func keysThatADeleteCanCarry(key: String, canCarry: Bool) {
        #expect(DeleteDocument.canCarry(ObjectKey(key)) == canCarry)
    }

    @Test func invalidUTF8GoesSingly() {
        #expect(!DeleteDocument.canCarry(ObjectKey([0x61, 0xFF])))
    }

    @Test func deletes() throws {
        let root = try XMLNode(DeleteDocument.write(["a&b", "c"]))
        #expect(root.name == "Delete")
        #expect(root.all("Object").map { $0["Key"]?.text } == ["a&b", "c"])
        #expect(root["Quiet"]?.text == "true")
    }

    @Test func completions() throws {
        let parts = [
            UploadPart(number: 1, eTag: ETag("\"e1\""), checksums: ["crc32": "AAAA"]),
            UploadPart(number: 2, eTag: ETag("e2")),
        ]
        let root = try XMLNode(CompletionDocument.write(parts))
        #expect(root.all("Part").map { $0["ETag"]?.text } == ["\"e1\"", "\"e2\""])
        #expect(root.all("Part").map { $0["PartNumber"]?.text } == ["1", "2"])
        #expect(root.all("Part")[0]["ChecksumCRC32"]?.text == "AAAA")
        #expect(CompletionDocument.standardETag(parts) == nil)
    }

    /// MD5 of the concatenated digests, as every S3 store computes it (checked with Python's hashlib).
    @Test func standardETags() {
        let parts = [
            UploadPart(number: 1, eTag: ETag("0cc175b9c0f1b6a831c399e269772661")),
            UploadPart(number: 2, eTag: ETag("5360af35bde9ebd8f01f492dc059593c")),
        ]
        #expect(
            CompletionDocument.standardETag(parts) == ETag("860df6524f1300aab8ff4bbe75852ada-2"))
    }

    @Test func accessControl() throws {
        let document = Array(
            """
            <AccessControlPolicy><Owner><ID>me</ID><DisplayName>Me</DisplayName></Owner><AccessControlList>\
            <Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>me</ID>\
            <DisplayName>Me</DisplayName></Grantee><Permission>FULL_CONTROL</Permission></Grant>\
            <Grant><Grantee xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee>\
            <Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>
            """.utf8)
        let control = AccessControl(try XMLNode(document))
        #expect(control.owner == .init(id: "me", displayName: "Me"))
        #expect(control.grants.count == 2)
        #expect(control.canned == "public-read")
        #expect(AccessControl(try XMLNode(control.document)) == control)
        var other = control
        other.grants.append(.init(.email("a@b"), .read))
        #expect(other.canned == nil)
        #expect(AccessControl(try XMLNode(other.document)) == other)
    }
}
