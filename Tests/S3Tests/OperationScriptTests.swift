import TestSupport
import Testing
import Transport

@testable import S3

/// Operations whose answers no test server of ours gives: odd listings, lost answers, partial failures.
@Suite(.serialized) struct OperationScriptTests {
    private let object = ObjectAddress(bucket: "bucket", key: "k")

    private static func xml(_ text: String, _ status: Int = 200) -> ScriptedServer.Answer {
        .respond(status, [], Array(text.utf8))
    }

    private static func contents(_ key: String) -> String {
        "<Contents><Key>\(key)</Key><LastModified>2009-10-12T17:50:30.123Z</LastModified><ETag>x</ETag><Size>1</Size></Contents>"
    }

    @Test func aStoreOfVersion1IsFoundOut() async throws {
        let server = try ScriptedServer { _, request in
            if request.target.contains("list-type=2") {
                return Self.xml("<Error><Code>NotImplemented</Code></Error>", 501)
            }
            if request.target.contains("marker=b") {
                return Self.xml(
                    "<ListBucketResult><Marker>b</Marker><IsTruncated>false</IsTruncated>\(Self.contents("c"))</ListBucketResult>"
                )
            }
            return Self.xml(
                "<ListBucketResult><Marker/><IsTruncated>true</IsTruncated>\(Self.contents("a"))\(Self.contents("b+"))</ListBucketResult>"
            )
        }
        let client = TestClients.client(server.authority)
        let first = try await client.listObjects("bucket", prefix: "", startAfter: "A")
        #expect(first.objects.map(\.key) == ["a", "b+"])
        #expect(client.dialect.listVersion == 1)
        #expect(client.dialect.encodingType == .no)
        let second = try await client.listObjects("bucket", prefix: "", token: first.nextToken)
        #expect(second.objects.map(\.key) == ["c"])
        #expect(second.nextToken == nil)
        #expect(server.requests[0].target.contains("start-after=A"))
        #expect(server.requests[1].target.contains("marker=A"))
        #expect(server.requests[2].target.contains("marker=b%2B"))
        #expect(!server.requests[2].target.contains("encoding-type"))
    }

    @Test func aStoreWithoutUploadsMayAnswerThatThereIsNone() async throws {
        let server = try ScriptedServer { _, _ in
            Self.xml("<Error><Code>NoSuchUpload</Code></Error>", 404)
        }
        let client = TestClients.client(server.authority)
        #expect(try await client.listUploads("bucket", prefix: "").isEmpty)
    }

    @Test func aStoreThatTakesVersion2For1GoesOnByMarker() async throws {
        let server = try ScriptedServer { _, request in
            request.target.contains("marker=")
                ? Self.xml(
                    "<ListBucketResult><Marker>a</Marker><IsTruncated>false</IsTruncated></ListBucketResult>"
                )
                : Self.xml(
                    "<ListBucketResult><Marker/><NextMarker>a</NextMarker><IsTruncated>true</IsTruncated>\(Self.contents("a"))</ListBucketResult>"
                )
        }
        let client = TestClients.client(server.authority)
        let first = try await client.listObjects("bucket", prefix: "p/", maxKeys: 1)
        let second = try await client.listObjects("bucket", prefix: "p/", token: first.nextToken)
        #expect(second.objects.isEmpty)
        #expect(client.dialect.listVersion == 1)
        #expect(!server.requests[1].target.contains("list-type"))
        #expect(server.requests[0].target.contains("prefix=p%2F"))
        #expect(
            server.requests[0].target.contains("max-keys=1&")
                || server.requests[0].target.hasSuffix("max-keys=1"))
    }

    @Test(arguments: [
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "<ListBucketResult></ListBucketResult>", "", "<html/>",
        "<ListBucketResult><IsTruncated>false</IsTruncated>",
    ])
    func aListingThatCannotBeBelievedIsNotEmpty(answer: String) async throws {
        let server = try ScriptedServer { _, _ in Self.xml(answer) }
        let client = TestClients.client(server.authority)
        let error = await failure { () throws(S3Error) in
            try await client.listObjects("bucket", prefix: "")
        }
        #expect(error?.kind == .malformedAnswer)
    }

    /// A page is read again when it came damaged, or as an error that says success.
    @Test(arguments: [
        "<ListBucketResult><IsTruncated>false</IsTruncatde>",
        "<Error><Code>InternalError</Code><Message>later</Message></Error>",
    ])
    func aDamagedPageIsAskedForAgain(answer: String) async throws {
        let count = Locked(0)
        let server = try ScriptedServer { _, _ in
            let isFirst = count.withLock { count in
                count += 1
                return count == 1
            }
            return Self.xml(
                isFirst
                    ? answer
                    : "<ListBucketResult><IsTruncated>false</IsTruncated>\(Self.contents("a"))</ListBucketResult>"
            )
        }
        let page = try await TestClients.client(server.authority).listObjects("bucket", prefix: "")
        #expect(page.objects.map(\.key) == ["a"])
        #expect(server.requests.count == 2)
    }

    @Test func aTokenThatRepeatsIsAnError() async throws {
        let server = try ScriptedServer { _, _ in
            Self.xml(
                "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></ListBucketResult>"
            )
        }
        let client = TestClients.client(server.authority)
        let first = try await client.listObjects("bucket", prefix: "")
        let error = await failure { () throws(S3Error) in
            try await client.listObjects("bucket", prefix: "", token: first.nextToken)
        }
        #expect(error?.kind == .malformedAnswer)
    }

    @Test func aCompletionWhoseAnswerWasLostIsLookedUp() async throws {
        let parts = [
            UploadPart(number: 2, eTag: ETag("5360af35bde9ebd8f01f492dc059593c"), size: 2),
            UploadPart(number: 1, eTag: ETag("0cc175b9c0f1b6a831c399e269772661"), size: 1),
        ]
        let stored = Locked("860df6524f1300aab8ff4bbe75852ada-2")
        let server = try ScriptedServer { number, request in
            switch (request.method, number) {
            case ("POST", 0): .reset
            case ("HEAD", _):
                .respond(
                    200, [("ETag", stored.withLock { $0 }), ("Content-Length", "3")], [])
            default: Self.xml("<Error><Code>NoSuchUpload</Code></Error>", 404)
            }
        }
        let client = TestClients.client(server.authority)
        let result = try await client.completeUpload(
            object, uploadID: "u", parts: parts, condition: .none)
        #expect(result.eTag?.partCount == 2)
        let document = String(decoding: server.requests[1].body, as: UTF8.self)
        let one = try #require(document.firstRange(of: "<PartNumber>1<"))
        let two = try #require(document.firstRange(of: "<PartNumber>2<"))
        #expect(one.lowerBound < two.lowerBound)
        // Another's object is not taken for ours, and neither is an upload that was gone at first.
        let other = try ScriptedServer { number, request in
            switch (request.method, number) {
            case ("POST", 0): .reset
            case ("HEAD", _):
                .respond(
                    200, [("ETag", "00000000000000000000000000000000-2"), ("Content-Length", "3")],
                    [])
            default: Self.xml("<Error><Code>NoSuchUpload</Code></Error>", 404)
            }
        }
        let error = await failure { () throws(S3Error) in
            try await TestClients.client(other.authority).completeUpload(
                object, uploadID: "u", parts: parts, condition: .none)
        }
        #expect(error?.kind == .noSuchUpload)
    }

    @Test func completionKeepsWaitingThroughWhiteSpace() async throws {
        let server = try ScriptedServer { number, _ in
            number == 0
                ? Self.xml("   \n\n")
                : Self.xml(
                    "\n \n<?xml version=\"1.0\"?>\n<CompleteMultipartUploadResult><ETag>&quot;e-1&quot;</ETag></CompleteMultipartUploadResult>"
                )
        }
        let client = TestClients.client(server.authority)
        let result = try await client.completeUpload(
            object, uploadID: "u", parts: [UploadPart(number: 1, eTag: ETag("x"))],
            condition: .ifAbsent)
        #expect(result.eTag == ETag("e-1"))
        #expect(server.requests.count == 2)
        #expect(server.requests[1].header("if-none-match") == "*")
    }

    @Test func aConflictAtCompletionIsNotRepeated() async throws {
        let server = try ScriptedServer { _, _ in
            Self.xml("<Error><Code>ConditionalRequestConflict</Code></Error>", 409)
        }
        let error = await failure { () throws(S3Error) in
            try await TestClients.client(server.authority).completeUpload(
                object, uploadID: "u", parts: [], condition: .ifAbsent)
        }
        #expect(error?.kind == .conflict)
        #expect(server.requests.count == 1)
    }

    @Test func batchesNameWhatFailed() async throws {
        let server = try ScriptedServer { _, request in
            request.method == "POST"
                ? Self.xml(
                    """
                    <DeleteResult><Error><Key>b</Key><Code>AccessDenied</Code><Message>no</Message></Error>\
                    <Error><Key>c</Key><Code>NoSuchKey</Code></Error></DeleteResult>
                    """)
                : .respond(204, [], [])
        }
        let client = TestClients.client(server.authority)
        let failed = try await client.deleteObjects("bucket", ["a", "b", "c", "\u{1}"])
        #expect(failed.map(\.key) == ["b"])
        #expect(failed.first?.error.kind == .accessDenied)
        #expect(server.requests.count == 2)
        #expect(server.requests[0].header("content-md5") != nil)
        #expect(server.requests[1].target == "/bucket/%01")
        #expect(server.requests[1].method == "DELETE")
    }

    @Test func withoutBatchesEveryKeyIsDeletedSingly() async throws {
        let server = try ScriptedServer { _, request in
            request.method == "POST"
                ? Self.xml("<Error><Code>NotImplemented</Code></Error>", 501)
                : request.path == "/bucket/k7"
                    ? Self.xml("<Error><Code>AccessDenied</Code></Error>", 403)
                    : .respond(204, [], [])
        }
        let client = TestClients.client(server.authority)
        let keys = (0..<40).map { ObjectKey("k\($0)") }
        let failed = try await client.deleteObjects("bucket", keys)
        #expect(failed.map(\.key) == ["k7"])
        #expect(client.dialect.batchDelete == .no)
        let deleted = server.requests.filter { $0.method == "DELETE" }.map(\.path)
        #expect(Set(deleted) == Set(keys.map { "/bucket/\($0)" }))
    }

    @Test func partSizesNeedEveryPart() async throws {
        let server = try ScriptedServer { _, request in
            let second = request.header("x-amz-part-number-marker") == "2"
            return Self.xml(
                second
                    ? "<GetObjectAttributesResponse><ObjectParts><TotalPartsCount>3</TotalPartsCount><IsTruncated>false</IsTruncated><Part><PartNumber>3</PartNumber><Size>1</Size></Part></ObjectParts></GetObjectAttributesResponse>"
                    : "<GetObjectAttributesResponse><ObjectParts><TotalPartsCount>3</TotalPartsCount><IsTruncated>true</IsTruncated><NextPartNumberMarker>2</NextPartNumberMarker><Part><PartNumber>1</PartNumber><Size>5</Size></Part><Part><PartNumber>2</PartNumber><Size>5</Size></Part></ObjectParts></GetObjectAttributesResponse>"
            )
        }
        let client = TestClients.client(server.authority)
        #expect(try await client.partSizes(object) == [5, 5, 1])
        let counted = try ScriptedServer { _, _ in
            Self.xml(
                "<GetObjectAttributesResponse><ObjectParts><TotalPartsCount>3</TotalPartsCount></ObjectParts></GetObjectAttributesResponse>"
            )
        }
        #expect(try await TestClients.client(counted.authority).partSizes(object) == nil)
    }

    @Test func aStoreThatSendsTheObjectHasNoAttributes() async throws {
        let server = try ScriptedServer { _, _ in
            .respond(200, [], [UInt8](repeating: 0x61, count: 2 << 20))
        }
        let client = TestClients.client(server.authority)
        #expect(try await client.partSizes(object) == nil)
        #expect(client.dialect.objectAttributes == .no)
        #expect(try await client.partSizes(object) == nil)
        #expect(server.requests.count == 1)
    }

    @Test func aBodyBeyondItsLimitIsTooLarge() async throws {
        let server = try ScriptedServer { _, _ in
            .respond(200, [("ETag", "e")], [UInt8](repeating: 0x61, count: 1000))
        }
        let client = TestClients.client(server.authority)
        let error = await failure { () throws(S3Error) in
            try await client.getObject(object, limitBytes: 999)
        }
        #expect(error?.kind == .tooLarge)
        let (_, body) = try await client.getObject(object, limitBytes: 1000)
        #expect(body.count == 1000)
    }

    @Test func bucketsAreMadeInTheirRegion() async throws {
        let server = try ScriptedServer { number, _ in
            number == 1
                ? Self.xml("<Error><Code>InvalidLocationConstraint</Code></Error>", 400)
                : .respond(200, [], [])
        }
        try await TestClients.client(server.authority).createBucket("one")
        let client = TestClients.client(server.authority, region: "eu-west-1")
        try await client.createBucket("two", objectLock: true)
        #expect(server.requests[0].body.isEmpty)
        #expect(
            String(decoding: server.requests[1].body, as: UTF8.self)
                .contains("<LocationConstraint>eu-west-1</LocationConstraint>"))
        #expect(server.requests[1].header("x-amz-bucket-object-lock-enabled") == "true")
        #expect(server.requests[2].body.isEmpty)
    }
}
