import Signing

extension DialectProbe {
    /// Whether anything can be written at all, and what ETag it gets.
    func askWriting(_ found: inout DialectFindings) async throws(S3Error) {
        let body = Array("probe".utf8)
        var options = WriteOptions()
        options.metadata.contentType = "text/x-probe"
        options.metadata.user = [.init("probe", "1")]
        // What is refused here is no finding: nothing else can be asked then.
        let result = try await put("plain", body, options)
        let md5 = Hex.encode(Checksum.of(body, .md5))
        found.dialect.singleETagIsMD5 = result.eTag?.value == md5 ? .yes : .no
        found.findings.append(
            .init(
                name: "ETag is the MD5", support: found.dialect.singleETagIsMD5,
                answer: result.eTag?.value ?? "no ETag"))
        let head = try await client.headObject(address("plain"))
        let isKept =
            head.metadata.contentType == "text/x-probe"
            && head.metadata.user.contains(.init("probe", "1"))
        found.findings.append(
            .init(
                name: "metadata", support: isKept ? .yes : .no,
                answer: isKept ? "" : "content type or user metadata were not kept"))
    }

    /// Version, encoding and order of listings, over several pages.
    func askListing(_ found: inout DialectFindings) async throws(S3Error) {
        // In byte order. UTF-16 has the last two the other way round, folders first another way, locales any.
        let names: [ObjectKey] = [
            "o/A", "o/a-x", "o/a/1", "o/a0", "o/b c", "o/z", "o/\u{E4}", "o/\u{FF5E}",
            "o/\u{1F600}",
        ]
        var wanted: [ObjectKey] = []
        for name in names {
            do throws(S3Error) {
                _ = try await put(name)
                wanted.append(prefix + name)
            } catch {
                // A key that the store refuses is missing from both sides of the comparison.
                guard error.kind == .unavailable || error.kind == .invalidRequest else {
                    throw error
                }
            }
        }
        var keys: [ObjectKey] = []
        var token: String?
        var pages = 0
        repeat {
            let page = try await client.listObjects(
                bucket, prefix: prefix + "o/", token: token, maxKeys: 4)
            keys += page.objects.map(\.key)
            token = page.nextToken
            pages += 1
        } while token != nil && pages < 100
        found.findings.append(
            .init(
                name: "listing version", support: .yes, answer: "\(client.dialect.listVersion)"))
        found.findings.append(
            .init(
                name: "encoding-type=url", support: client.dialect.encodingType,
                answer: client.dialect.encodingType == .no
                    ? "keys with control characters cannot be listed" : ""))
        let isComplete = Set(keys) == Set(wanted) && keys.count == wanted.count
        let isSorted = zip(keys, keys.dropFirst()).allSatisfy { $0 < $1 }
        found.dialect.sortedListing = isComplete ? (isSorted ? .yes : .no) : .unknown
        found.findings.append(
            .init(
                name: "listing in byte order", support: found.dialect.sortedListing,
                answer: isComplete
                    ? "" : "\(keys.count) keys were listed of \(wanted.count) written"))
    }

    /// Conditions on PUT, each where it must hold and where it must not.
    func askConditions(_ found: inout DialectFindings) async throws(S3Error) {
        func refused(_ name: ObjectKey, _ condition: WriteCondition) async throws(S3Error) -> Bool {
            var options = WriteOptions()
            options.condition = condition
            do throws(S3Error) {
                _ = try await put(name, Array("other".utf8), options)
                return false
            } catch {
                guard error.kind == .preconditionFailed || error.kind == .conflict else {
                    throw error
                }
                return true
            }
        }
        let support = try await finding("conditional PUT", &found) { () throws(S3Error) in
            let first = try await put("condition")
            var wrong: [String] = []
            if try await !refused("condition", .ifAbsent) {
                wrong.append("If-None-Match: * is ignored")
            }
            let other = ETag(String(repeating: "0", count: 32))
            if try await !refused("condition", .ifMatch(other)) {
                wrong.append("If-Match is ignored")
            } else if let eTag = first.eTag, try await refused("condition", .ifMatch(eTag)) {
                wrong.append("If-Match refuses the right ETag")
            }
            if try await refused("condition-new", .ifAbsent) {
                wrong.append("If-None-Match: * refuses a new key")
            }
            return (wrong.isEmpty ? .yes : .no, wrong.joined(separator: "; "))
        }
        found.dialect.conditionalWrites = support
    }

    /// Server-side copies: the bytes, and metadata kept and replaced.
    func askCopying(_ found: inout DialectFindings) async throws(S3Error) {
        found.dialect.serverSideCopy = try await finding("server-side copy", &found) {
            () throws(S3Error) in
            _ = written.withLock { $0.keys.insert(address("copy").key) }
            _ = written.withLock { $0.keys.insert(address("replaced").key) }
            _ = try await client.copyObject(
                from: address("plain"), to: address("copy"), ifMatch: nil, replace: nil)
            let kept = try await client.getObject(address("copy"), limitBytes: 1 << 16)
            var options = WriteOptions()
            options.metadata.contentType = "text/x-other"
            options.metadata.user = [.init("other", "2")]
            _ = try await client.copyObject(
                from: address("plain"), to: address("replaced"), ifMatch: nil, replace: options)
            let replaced = try await client.headObject(address("replaced"))
            var wrong: [String] = []
            if kept.body != Array("probe".utf8) { wrong.append("the bytes are not the same") }
            if !kept.head.metadata.user.contains(.init("probe", "1")) {
                wrong.append("metadata is not copied")
            }
            if replaced.metadata.contentType != "text/x-other"
                || replaced.metadata.user != [.init("other", "2")]
            {
                wrong.append("metadata is not replaced")
            }
            return (wrong.isEmpty ? .yes : .no, wrong.joined(separator: "; "))
        }
        _ = try await finding("copy-source-if-match", &found) { () throws(S3Error) in
            do throws(S3Error) {
                _ = try await client.copyObject(
                    from: address("plain"), to: address("copy"),
                    ifMatch: ETag(String(repeating: "0", count: 32)), replace: nil)
                return (.no, "ignored")
            } catch {
                guard error.kind == .preconditionFailed else { throw error }
                return (.yes, "")
            }
        }
    }

    func askDeleting(_ found: inout DialectFindings) async throws(S3Error) {
        found.dialect.batchDelete = try await finding("batch delete", &found) {
            () throws(S3Error) in
            _ = try await put("d/1")
            _ = try await put("d/2")
            let failed = try await client.deleteObjects(
                bucket, [address("d/1").key, address("d/2").key])
            if let first = failed.first { return (.no, Self.words(first.error)) }
            // The client deletes singly where the store has no batches.
            if client.dialect.batchDelete == .no { return (.no, "not implemented") }
            let left = try await client.listObjects(bucket, prefix: prefix + "d/").objects
            return left.isEmpty ? (.yes, "") : (.no, "the objects are still there")
        }
    }
}
