import Foundation
import Signing
import Testing
import Transport

@testable import S3

/// All operations against moto, a store that has nearly all of them.
@Suite(
    .serialized,
    .enabled(if: StoreServer.tool("moto_server") != nil, "\(StoreServer.reason("moto_server"))"))
struct MotoTests {
    let client: S3Client
    let bucket: String

    init() async throws {
        let server = try #require(StoreServer.moto)
        client = TestClients.client(server.authority, name: "moto")
        bucket = "bucket-\(UInt32.random(in: 0 ... .max))"
        try await client.createBucket(bucket)
    }

    private func at(_ key: ObjectKey, _ version: String? = nil) -> ObjectAddress {
        ObjectAddress(bucket: bucket, key: key, versionID: version)
    }

    @Test func buckets() async throws {
        #expect(try await client.listBuckets().contains(bucket))
        try await client.headBucket(bucket)
        #expect(try await client.versioning(bucket) == nil)
        try await client.setVersioning(bucket, enabled: true)
        #expect(try await client.versioning(bucket) == "Enabled")
        try await client.setVersioning(bucket, enabled: false)
        #expect(try await client.versioning(bucket) == "Suspended")
        #expect(try await client.objectLockConfiguration(bucket) == nil)
        try await client.deleteBucket(bucket)
        let missing = await failure { () throws(S3Error) in try await client.headBucket(bucket) }
        #expect(missing?.kind == .noSuchBucket)
        let listing = await failure { () throws(S3Error) in
            try await client.listObjects(bucket, prefix: "")
        }
        #expect(listing?.kind == .noSuchBucket)
    }

    @Test func objectsWithEverything() async throws {
        var options = WriteOptions()
        options.metadata.contentType = "text/x-test"
        options.metadata.contentEncoding = "gzip"
        options.metadata.contentLanguage = "de"
        options.metadata.contentDisposition = "inline"
        options.metadata.cacheControl = "no-cache"
        options.metadata.user = [.init("a", "1"), .init("b", "gr\u{FC}n")]
        options.metadata.tags = [Tag("t", "1 +\u{FC}")]
        let body = Array("hello".utf8)
        let written = try await client.putObject(at("dir/k"), body: body, options)
        #expect(written.eTag?.value == "5d41402abc4b2a76b9719d911017c592")
        let head = try await client.headObject(at("dir/k"))
        #expect(head.size == 5)
        #expect(head.metadata.contentType == "text/x-test")
        #expect(head.metadata.contentEncoding == "gzip")
        #expect(head.metadata.contentLanguage == "de")
        #expect(head.metadata.cacheControl == "no-cache")
        #expect(head.metadata.contentDisposition == "inline")
        #expect(Set(head.metadata.user.map(\.name)) == ["a", "b"])
        #expect(head.tagCount == 1)
        #expect(try await client.tags(at("dir/k")) == options.metadata.tags)
        try await client.setTags(at("dir/k"), [Tag("x", "y"), Tag("z", "")])
        #expect(try await client.tags(at("dir/k")).count == 2)
        try await client.deleteTags(at("dir/k"))
        #expect(try await client.tags(at("dir/k")).isEmpty)
        var read = ReadOptions()
        read.range = 1...3
        read.ifMatch = written.eTag
        let part = try await client.getObject(at("dir/k"), read, limitBytes: 100)
        #expect(part.body == Array("ell".utf8))
        #expect(part.head.size == 5)
        read.ifMatch = ETag("0")
        let changed = await failure { () throws(S3Error) in
            try await client.getObject(at("dir/k"), read, limitBytes: 100)
        }
        #expect(changed?.kind == .preconditionFailed)
        try await client.deleteObject(at("dir/k"))
        try await client.deleteObject(at("dir/k"))
        let gone = await failure { () throws(S3Error) in try await client.headObject(at("dir/k")) }
        #expect(gone?.kind == .noSuchKey)
    }

    @Test func conditions() async throws {
        var options = WriteOptions()
        options.condition = .ifAbsent
        let first = try await client.putObject(at("k"), body: [1], options)
        let second = await failure { () throws(S3Error) in
            try await client.putObject(at("k"), body: [2], options)
        }
        #expect(second?.kind == .preconditionFailed)
        options.condition = .ifMatch(try #require(first.eTag))
        _ = try await client.putObject(at("k"), body: [3], options)
        let third = await failure { () throws(S3Error) in
            try await client.putObject(at("k"), body: [4], options)
        }
        #expect(third?.kind == .preconditionFailed)
    }

    @Test func listingsOfOddKeys() async throws {
        let keys: [ObjectKey] = [
            "a", "a b+%", "a//b", "a/./b", "a/../b", "a\u{1}", "e\u{301}", "z&<>\"'", "\u{E9}",
            "\u{FF5E}", "\u{1F600}",
        ]
        for key in keys { _ = try await client.putObject(at(key), body: key.bytes) }
        for version in [2, 1] {
            client.learn { $0.listVersion = version }
            var listed: [ObjectKey] = []
            var token: String?
            repeat {
                let page = try await client.listObjects(
                    bucket, prefix: "", token: token, maxKeys: 3)
                listed += page.objects.map(\.key)
                token = page.nextToken
            } while token != nil
            #expect(listed == keys.sorted(), "version \(version)")
        }
        for key in keys {
            #expect(try await client.getObject(at(key), limitBytes: 100).body == key.bytes)
        }
        client.learn { $0.listVersion = 2 }
        let after = try await client.listObjects(bucket, prefix: "a", startAfter: "a b+%")
        #expect(after.objects.first?.key == "a/../b")
        let folders = try await client.listObjects(bucket, prefix: "a/", delimiter: "/")
        #expect(Set(folders.commonPrefixes) == ["a/./", "a/../", "a//"])
        #expect(try await client.deleteObjects(bucket, keys).isEmpty)
        #expect(try await client.listObjects(bucket, prefix: "").objects.isEmpty)
    }

    @Test func versions() async throws {
        try await client.setVersioning(bucket, enabled: true)
        let one = try await client.putObject(at("k"), body: [1])
        let two = try await client.putObject(at("k"), body: [2, 2])
        let id = try #require(one.versionID)
        #expect(id != two.versionID)
        #expect(try await client.getObject(at("k", id), limitBytes: 9).body == [1])
        try await client.deleteObject(at("k"))
        var versions: [ListedVersion] = []
        var marker: (ObjectKey, String?)?
        repeat {
            let page = try await client.listObjectVersions(
                bucket, prefix: "", keyMarker: marker?.0, versionIDMarker: marker?.1, maxKeys: 2)
            versions += page.versions
            marker = page.nextKeyMarker.map { ($0, page.nextVersionIDMarker) }
        } while marker != nil
        #expect(versions.count == 3)
        #expect(versions.filter(\.isDeleteMarker).count == 1)
        #expect(versions.filter(\.isLatest).map(\.isDeleteMarker) == [true])
        let copied = try await client.copyObject(
            from: at("k", id), to: at("copy"), ifMatch: nil, replace: nil)
        #expect(copied.eTag == one.eTag)
        for version in versions {
            try await client.deleteObject(at("k", version.versionID))
        }
        #expect(try await client.listObjectVersions(bucket, prefix: "k").versions.isEmpty)
    }

    @Test func multipart() async throws {
        let first = [UInt8](repeating: 7, count: 5 << 20)
        var options = WriteOptions()
        options.metadata.contentType = "text/x-big"
        let id = try await client.createUpload(at("big +\u{FC}"), options)
        let parts = [
            try await client.uploadPart(
                at("big +\u{FC}"), uploadID: id, number: 1, body: first),
            try await client.uploadPart(
                at("big +\u{FC}"), uploadID: id, number: 2, body: [1, 2, 3]),
        ]
        let listed = try await client.listParts(at("big +\u{FC}"), uploadID: id)
        #expect(listed.map(\.number) == [1, 2])
        #expect(listed.map(\.size) == [5 << 20, 3])
        #expect(listed.map(\.eTag) == parts.map(\.eTag))
        let pending = try await client.listUploads(bucket, prefix: "big")
        #expect(pending.map(\.uploadID) == [id])
        #expect(pending.map(\.key) == ["big +\u{FC}"])
        let result = try await client.completeUpload(
            at("big +\u{FC}"), uploadID: id, parts: parts, condition: .ifAbsent)
        #expect(result.eTag == CompletionDocument.standardETag(parts))
        let head = try await client.headObject(at("big +\u{FC}"))
        #expect(head.size == 5 << 20 + 3)
        #expect(head.eTag.partCount == 2)
        #expect(head.metadata.contentType == "text/x-big")
        let copyID = try await client.createUpload(at("copy"), WriteOptions())
        let part = try await client.copyPart(
            from: at("big +\u{FC}"), range: 10...19, ifMatch: head.eTag, to: at("copy"),
            uploadID: copyID, number: 1)
        _ = try await client.completeUpload(
            at("copy"), uploadID: copyID, parts: [part], condition: .none)
        #expect(
            try await client.getObject(at("copy"), limitBytes: 100).body
                == [UInt8](repeating: 7, count: 10))
        let dropped = try await client.createUpload(at("dropped"), WriteOptions())
        try await client.abortUpload(at("dropped"), uploadID: dropped)
        try await client.abortUpload(at("dropped"), uploadID: dropped)
        #expect(try await client.listUploads(bucket, prefix: "").isEmpty)
    }

    @Test func copies() async throws {
        var options = WriteOptions()
        options.metadata.contentType = "text/x-a"
        options.metadata.user = [.init("a", "1")]
        options.metadata.tags = [Tag("t", "1")]
        _ = try await client.putObject(at("a +%\u{FC}"), body: [1, 2], options)
        _ = try await client.copyObject(
            from: at("a +%\u{FC}"), to: at("kept"), ifMatch: nil, replace: nil)
        let kept = try await client.headObject(at("kept"))
        #expect(kept.metadata.contentType == "text/x-a")
        #expect(kept.metadata.user == [.init("a", "1")])
        #expect(try await client.tags(at("kept")) == [Tag("t", "1")])
        var replace = WriteOptions()
        replace.metadata.contentType = "text/x-b"
        replace.metadata.tags = [Tag("u", "2")]
        _ = try await client.copyObject(
            from: at("a +%\u{FC}"), to: at("new"), ifMatch: nil, replace: replace)
        let new = try await client.headObject(at("new"))
        #expect(new.metadata.contentType == "text/x-b")
        #expect(new.metadata.user.isEmpty)
        #expect(try await client.tags(at("new")) == [Tag("u", "2")])
        let missing = await failure { () throws(S3Error) in
            try await client.copyObject(
                from: at("missing"), to: at("x"), ifMatch: nil, replace: nil)
        }
        #expect(missing?.kind == .noSuchKey)
    }

    @Test func accessControl() async throws {
        var options = WriteOptions()
        options.cannedACL = "public-read"
        _ = try await client.putObject(at("k"), body: [1], options)
        let control = try await client.accessControl(at("k"))
        #expect(control.canned == "public-read")
        try await client.setCannedACL(at("k"), "private")
        #expect(try await client.accessControl(at("k")).canned == "private")
        // Taken and ignored: this store keeps canned ACLs only, whoever sends the document.
        try await client.setAccessControl(at("k"), control)
    }

    @Test func locks() async throws {
        let locked = bucket + "-locked"
        try await client.createBucket(locked, objectLock: true)
        let configuration = try await client.objectLockConfiguration(locked)
        #expect(configuration?.isEnabled == true)
        let object = ObjectAddress(bucket: locked, key: "k")
        var options = WriteOptions()
        options.metadata.lock = ObjectLock()
        options.metadata.lock?.mode = .governance
        options.metadata.lock?.retainUntil = "2039-01-01T00:00:00Z"
        _ = try await client.putObject(object, body: [1], options)
        let retention = try await client.retention(object)
        #expect(retention.mode == .governance)
        #expect(retention.retainUntil?.hasPrefix("2039-01-01") == true)
        try await client.setLegalHold(object, true)
        #expect(try await client.legalHold(object))
        #expect(try await client.headObject(object).metadata.lock?.legalHold == true)
        try await client.setLegalHold(object, false)
        #expect(try await client.legalHold(object) == false)
        try await client.setRetention(
            object, mode: .governance, until: "2040-01-01T00:00:00Z", bypassGovernance: true)
        #expect(try await client.retention(object).retainUntil?.hasPrefix("2040") == true)
    }

    @Test func presignedURLsNeedNoCredentials() async throws {
        _ = try await client.putObject(at("a b+\u{FC}"), body: Array("signed".utf8))
        let url = try await client.presignedURL(method: "GET", at("a b+\u{FC}"), expires: 60)
        let answer = try await HTTPTransport().send(HTTPRequest(.get, url))
        #expect(answer.head.status == 200)
        #expect(answer.body == Array("signed".utf8))
    }

    @Test func theProbeFindsIt() async throws {
        let found = try await DialectProbe(client, bucket: bucket).run()
        #expect(found.leftovers.isEmpty)
        #expect(found.dialect.listVersion == 2)
        #expect(found.dialect.encodingType == .yes)
        #expect(found.dialect.sortedListing == .yes)
        #expect(found.dialect.conditionalWrites == .yes)
        #expect(found.dialect.singleETagIsMD5 == .yes)
        #expect(found.dialect.multipartETag == .standard)
        #expect(found.dialect.tagging == .yes)
        #expect(found.dialect.versioning == .yes)
        #expect(found.dialect.acl == .yes)
        #expect(found.dialect.serverSideCopy == .yes)
        #expect(found.dialect.partCopy == .yes)
        #expect(found.dialect.batchDelete == .yes)
        #expect(found.dialect.verifiesChecksums == .no)
        #expect(found.dialect.verifiesContentMD5 == .no)
        #expect(found.dialect.unsignedPayload == .yes)
        #expect(found["key with a newline"]?.support == .no)
        #expect(found["keys \"a\" and \"a/b\""]?.support == .yes)
        #expect(try await client.listObjects(bucket, prefix: "").objects.isEmpty)
        #expect(try await client.listUploads(bucket, prefix: "").isEmpty)
    }
}

/// The same client on `rclone serve s3`, which checks signatures and has little else.
@Suite(
    .serialized, .enabled(if: StoreServer.tool("rclone") != nil, "\(StoreServer.reason("rclone"))"))
struct RcloneTests {
    let client: S3Client
    let bucket: String

    init() async throws {
        let server = try #require(StoreServer.rclone)
        client = TestClients.client(server.authority, name: "rclone", attempts: 2)
        bucket = "bucket-\(UInt32.random(in: 0 ... .max))"
        try await client.createBucket(bucket)
    }

    private func at(_ key: ObjectKey) -> ObjectAddress {
        ObjectAddress(bucket: bucket, key: key)
    }

    @Test func signaturesOfOddKeysAreRight() async throws {
        let keys: [ObjectKey] = [
            "a", "b c+%", "d/%2F?#&=;@", "e\u{1}", "f\u{FC}\u{1F600}", "g\\h", "i'\"<>&", "j\nk",
            "l ~.-_!*()$,:",
        ]
        for key in keys {
            _ = try await client.putObject(at(key), body: key.bytes)
            #expect(try await client.getObject(at(key), limitBytes: 100).body == key.bytes)
        }
        var listed: [ObjectKey] = []
        var token: String?
        repeat {
            let page = try await client.listObjects(bucket, prefix: "", token: token, maxKeys: 4)
            listed += page.objects.map(\.key)
            token = page.nextToken
        } while token != nil
        #expect(Set(listed) == Set(keys))
        #expect(try await client.deleteObjects(bucket, keys).isEmpty)
        #expect(try await client.listObjects(bucket, prefix: "").objects.isEmpty)
    }

    @Test func wrongCredentialsAreTold() async throws {
        let server = try #require(StoreServer.rclone)
        var connection = TestClients.connection(server.authority)
        connection.credentials = TestCredentials(
            value: Credentials(accessKeyID: "TESTKEY", secretAccessKey: "wrong"))
        let error = await failure { () throws(S3Error) in
            try await S3Client(connection, transport: HTTPTransport()).listBuckets()
        }
        #expect(error?.kind == .badCredentials)
        #expect(error?.code == "SignatureDoesNotMatch")
    }

    @Test func relaysArriveWhole() async throws {
        let body = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let source = ObjectAddress(bucket: bucket, key: "source")
        let written = try await client.putObject(source, body: body)
        let meter = UsageMeter()
        let digest = Locked(0)
        var read = ReadOptions()
        read.ifMatch = written.eTag
        let (head, result) = try await client.metered(by: meter).relayObject(
            from: client.metered(by: meter), source, read, to: at("target"),
            observe: { event in
                switch event {
                case .restart: digest.withLock { $0 = 0 }
                case .block(let bytes): digest.withLock { $0 += bytes.count }
                }
            },
            options: { head in
                var options = WriteOptions()
                options.metadata = head.metadata
                return options
            })
        #expect(head.size == Int64(body.count))
        #expect(result.eTag == head.eTag)
        #expect(digest.withLock { $0 } == body.count)
        #expect(try await client.getObject(at("target"), limitBytes: 4 << 20).body == body)
        let got = meter.lines.first { $0.requestClass == .get }
        let put = meter.lines.first { $0.requestClass == .put }
        #expect(got?.bytesIn == Int64(body.count))
        #expect(put?.bytesOut == Int64(body.count))
        let id = try await client.createUpload(at("parts"), WriteOptions())
        var part = ReadOptions()
        part.range = 100...2_099_999
        let (_, uploaded) = try await client.relayPart(
            from: client, source, part, to: at("parts"), uploadID: id, number: 1)
        #expect(uploaded.size == 2_099_900)
        _ = try await client.completeUpload(
            at("parts"), uploadID: id, parts: [uploaded], condition: .none)
        #expect(
            try await client.getObject(at("parts"), limitBytes: 4 << 20).body
                == Array(body[100...2_099_999]))
    }

    @Test func streamsAreRead() async throws {
        let body = [UInt8](repeating: 9, count: 1_000_000)
        _ = try await client.putObject(at("k"), body: body)
        let total = try await client.readObject(at("k")) { head, reader in
            var total = 0
            while let block = try await reader.next() { total += block.count }
            #expect(head.size == Int64(total))
            return total
        }
        #expect(total == body.count)
        await #expect(throws: S3Error.self) {
            try await client.readObject(at("missing")) { _, _ in 0 }
        }
    }

    @Test func theProbeFindsIt() async throws {
        let found = try await DialectProbe(client, bucket: bucket).run()
        #expect(found.leftovers.isEmpty, "\(found.leftovers)")
        #expect(found.dialect.singleETagIsMD5 == .yes)
        #expect(found.dialect.multipartETag == .wholeMD5)
        #expect(found.dialect.conditionalWrites == .no)
        #expect(found.dialect.tagging == .no)
        #expect(found.dialect.acl == .no)
        #expect(found.dialect.partCopy == .no)
        #expect(found.dialect.partNumberReads == .no)
        #expect(found.dialect.objectAttributes == .no)
        #expect(found.dialect.batchDelete == .yes)
        #expect(found.dialect.verifiesContentMD5 == .yes)
        #expect(found.dialect.unsignedPayload == .yes)
        #expect(found["signed chunks"]?.support == .yes)
        #expect(found["signed chunks and trailer"]?.support == .no)
        #expect(found["key with //"]?.support == .no)
        #expect(found["keys \"a\" and \"a/b\""]?.support == .no)
        #expect(try await client.listObjects(bucket, prefix: "").objects.isEmpty)
    }
}
