import Signing
import Testing
import Transport

@testable import S3

@Suite struct ObjectHeadTests {
    private func answer(
        _ status: Int = 200, _ fields: [(String, String)]
    ) -> HTTPResponseHead {
        var headers = HTTPHeaders()
        for (name, value) in fields { headers.append(name, value) }
        return HTTPResponseHead(status: status, headers: headers)
    }

    @Test func everythingIsRead() {
        let head = ObjectHead(
            answer(
                206,
                [
                    ("ETag", "\"d41d8cd98f00b204e9800998ecf8427e-2\""), ("Content-Length", "10"),
                    ("Content-Range", "bytes 0-9/100"),
                    ("Last-Modified", "Thu, 01 Jan 1970 00:00:07 GMT"),
                    ("Content-Type", "text/plain"), ("Content-Encoding", "aws-chunked, gzip"),
                    ("Content-Language", "de"), ("Content-Disposition", "inline"),
                    ("Cache-Control", "no-cache"), ("Expires", "soon"),
                    ("X-Amz-Meta-Zeta", "1"), ("x-amz-meta-alpha", "gr\u{FC}n"),
                    ("x-amz-version-id", "v1"), ("x-amz-storage-class", "STANDARD_IA"),
                    ("x-amz-tagging-count", "2"), ("x-amz-mp-parts-count", "2"),
                    ("x-amz-server-side-encryption", "AES256"),
                    ("x-amz-object-lock-mode", "COMPLIANCE"),
                    ("x-amz-object-lock-retain-until-date", "2030-01-01T00:00:00Z"),
                    ("x-amz-object-lock-legal-hold", "ON"),
                    ("x-amz-checksum-crc32", "AAAAAA==-2"), ("x-amz-checksum-type", "COMPOSITE"),
                    ("x-amz-replication-status", "REPLICA"),
                    ("x-amz-website-redirect-location", "/x"),
                ]))
        #expect(head.eTag.partCount == 2)
        #expect(head.size == 100)
        #expect(head.contentLength == 10)
        #expect(head.lastModified == 7000)
        #expect(head.metadata.contentType == "text/plain")
        #expect(head.metadata.contentEncoding == "gzip")
        #expect(head.metadata.contentLanguage == "de")
        #expect(head.metadata.contentDisposition == "inline")
        #expect(head.metadata.cacheControl == "no-cache")
        #expect(head.metadata.expires == "soon")
        #expect(head.metadata.websiteRedirect == "/x")
        #expect(head.metadata.user == [.init("zeta", "1"), .init("alpha", "gr\u{FC}n")])
        #expect(head.versionID == "v1")
        #expect(head.metadata.storageClass == "STANDARD_IA")
        #expect(head.tagCount == 2)
        #expect(head.partsCount == 2)
        #expect(head.encryption == "AES256")
        #expect(head.metadata.lock?.mode == .compliance)
        #expect(head.metadata.lock?.retainUntil == "2030-01-01T00:00:00Z")
        #expect(head.metadata.lock?.legalHold == true)
        #expect(head.checksums == ["crc32": "AAAAAA==-2"])
        #expect(head.checksumIsComposite)
        #expect(head.replicationStatus == "REPLICA")
        #expect(!head.isArchived)
    }

    @Test(
        arguments: [
            ("aws-chunked", nil), ("gzip", "gzip"), ("gzip,aws-chunked", "gzip"),
            ("AWS-Chunked", nil), ("gzip, br", "gzip, br"), ("", ""),
        ] as [(String, String?)])
    func chunkingIsNoEncoding(value: String, kept: String?) {
        #expect(ObjectHead.withoutChunking(value) == kept)
    }

    @Test(
        arguments: [
            ("GLACIER", nil, nil, true), ("DEEP_ARCHIVE", nil, nil, true),
            ("GLACIER_IR", nil, nil, false),
            ("GLACIER", "ongoing-request=\"true\"", nil, true),
            (
                "GLACIER",
                "ongoing-request=\"false\", expiry-date=\"Fri, 21 Dec 2012 00:00:00 GMT\"", nil,
                false
            ),
            ("INTELLIGENT_TIERING", nil, "ARCHIVE_ACCESS", true),
            ("INTELLIGENT_TIERING", nil, nil, false),
        ] as [(String, String?, String?, Bool)])
    func archives(storageClass: String, restore: String?, status: String?, isArchived: Bool) {
        var fields = [("x-amz-storage-class", storageClass)]
        if let restore { fields.append(("x-amz-restore", restore)) }
        if let status { fields.append(("x-amz-archive-status", status)) }
        #expect(ObjectHead(answer(200, fields)).isArchived == isArchived)
    }

    @Test func rangesMustBeWhatWasAskedFor() {
        var options = ReadOptions()
        options.range = 5...9
        func problem(_ status: Int, _ range: String?, _ length: String) -> String? {
            var fields = [("Content-Length", length)]
            if let range { fields.append(("Content-Range", range)) }
            let answer = answer(status, fields)
            return options.problem(with: answer, ObjectHead(answer))
        }
        #expect(problem(206, "bytes 5-9/100", "5") == nil)
        #expect(problem(206, "bytes 5-9/*", "5") == nil)
        #expect(problem(206, "bytes 5-8/9", "4") != nil)
        #expect(problem(206, "bytes 4-8/100", "5") != nil)
        #expect(problem(206, nil, "5") != nil)
        #expect(problem(206, "bytes 5-9/100", "6") != nil)
        #expect(problem(200, nil, "100") != nil)
        #expect(problem(200, "bytes 5-9/100", "5") == nil)
        #expect(problem(200, "bytes 0-99/100", "100") != nil)
        options.range = 0...9
        #expect(problem(200, nil, "10") == nil)
        #expect(problem(200, nil, "11") != nil)
        options.range = nil
        #expect(problem(206, "bytes 5-9/100", "5") != nil)
        #expect(problem(200, nil, "5") == nil)
        options.partNumber = 2
        #expect(problem(200, nil, "5") != nil)
        #expect(problem(206, "bytes 5-9/100", "5") == nil)
        #expect(problem(206, nil, "5") != nil)
        options.partNumber = 1
        #expect(problem(200, nil, "5") == nil)
    }

    @Test func writesCarryEverything() {
        var options = WriteOptions()
        options.metadata.contentType = "a/b"
        options.metadata.user = [.init("k", "v")]
        options.metadata.tags = [Tag("a b", "c&d"), Tag("e", "")]
        options.metadata.lock = ObjectLock()
        options.metadata.lock?.mode = .governance
        options.metadata.lock?.legalHold = false
        options.condition = .ifMatch(ETag("x"))
        options.checksum = ("SHA256", "AA==")
        options.contentMD5 = Array(repeating: 0, count: 16)
        options.cannedACL = "private"
        var request = S3Request("PutObject", .put, .put, bucket: "b", key: "k")
        options.apply(to: &request)
        let headers = Dictionary(uniqueKeysWithValues: request.headers.map { ($0.name, $0.value) })
        #expect(
            headers == [
                "Content-Type": "a/b", "x-amz-meta-k": "v", "x-amz-tagging": "a%20b=c%26d&e=",
                "x-amz-object-lock-mode": "GOVERNANCE", "x-amz-object-lock-legal-hold": "OFF",
                "If-Match": "\"x\"", "x-amz-checksum-sha256": "AA==",
                "Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA==", "x-amz-acl": "private",
            ])
    }

    @Test func copySources() {
        #expect(
            ObjectAddress(bucket: "b", key: "a b+\u{FC}?/", versionID: "v/1").asCopySource
                == "/b/a%20b%2B%C3%BC%3F/?versionId=v%2F1")
    }
}
