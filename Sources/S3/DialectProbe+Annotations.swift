extension DialectProbe {
    /// Tags, versions, lock, ACL: what an object carries besides its bytes and headers.
    func askAnnotations(_ found: inout DialectFindings) async throws(S3Error) {
        let tags = [Tag("a", "1"), Tag("b", "x y+\u{FC}")]
        let inHeader = try await finding("tags with PUT", &found) { () throws(S3Error) in
            var options = WriteOptions()
            options.metadata.tags = tags
            _ = try await put("tagged", Array("probe".utf8), options)
            let stored = try await client.tags(address("tagged"))
            return Set(stored) == Set(tags) ? (.yes, "") : (.no, "the tags are not kept")
        }
        let byCall = try await finding("tags by call", &found) { () throws(S3Error) in
            try await client.setTags(address("plain"), tags)
            let stored = try await client.tags(address("plain"))
            guard Set(stored) == Set(tags) else { return (.no, "the tags are not kept") }
            try await client.deleteTags(address("plain"))
            let left = try await client.tags(address("plain"))
            return left.isEmpty ? (.yes, "") : (.no, "the tags are not deleted")
        }
        found.dialect.tagging =
            inHeader == .yes && byCall == .yes
            ? .yes : (inHeader == .no || byCall == .no ? .no : .unknown)
        if byCall == .no {
            // What ignored `?tagging` has taken the document for the object.
            _ = try await put("plain")
        }
        found.dialect.versioning = try await finding("versioning", &found) { () throws(S3Error) in
            let state = try await client.versioning(bucket)
            return (.yes, state ?? "not enabled on this bucket")
        }
        found.dialect.objectLock = try await finding("object lock", &found) {
            () throws(S3Error) in
            guard let lock = try await client.objectLockConfiguration(bucket), lock.isEnabled else {
                return (.unknown, "not enabled on this bucket")
            }
            return (.yes, lock.defaultMode?.rawValue ?? "")
        }
        found.dialect.acl = try await finding("object ACL", &found) { () throws(S3Error) in
            let control = try await client.accessControl(address("plain"))
            return control.grants.isEmpty ? (.no, "no grants") : (.yes, control.canned ?? "")
        }
    }

    /// Keys that stores on file systems, or behind proxies, have trouble with.
    func askKeys(_ found: inout DialectFindings) async throws(S3Error) {
        let long = String(repeating: "k", count: 1024 - prefix.bytes.count)
        let keys: [(name: String, key: ObjectKey)] = [
            ("key with //", "k//double"),
            ("key with ..", "k/../dots"),
            ("key with .", "k/./dot"),
            ("key with + % ? #", "k/+ %2F?#&=;@"),
            ("key with a control character", ObjectKey(Array("k/control".utf8) + [1])),
            ("key with a newline", "k/new\nline"),
            ("key with a trailing slash", "k/folder/"),
            ("key with a backslash", "k/back\\slash"),
            ("key of 1024 bytes", ObjectKey(long)),
        ]
        for (name, key) in keys {
            _ = try await finding(name, &found) { () throws(S3Error) in
                try await roundTrip(key)
            }
        }
        _ = try await finding("keys \"a\" and \"a/b\"", &found) { () throws(S3Error) in
            let (support, answer) = try await roundTrip("both/a")
            guard support == .yes else { return (support, answer) }
            let (second, words) = try await roundTrip("both/a/b")
            guard second == .yes else { return (second, words) }
            let first = try await client.getObject(address("both/a"), limitBytes: 1 << 16)
            return first.body == address("both/a").key.bytes
                ? (.yes, "") : (.no, "the first is gone")
        }
    }

    /// Writes, reads and lists one key. The body is the key, so that no other object passes for it.
    private func roundTrip(_ key: ObjectKey) async throws(S3Error) -> (Dialect.Support, String) {
        let object = address(key)
        _ = try await put(key, object.key.bytes)
        let read = try await client.getObject(object, limitBytes: 1 << 16)
        guard read.body == object.key.bytes else { return (.no, "another object came") }
        let listed = try await client.listObjects(bucket, prefix: object.key, maxKeys: 10)
        return listed.objects.contains { $0.key == object.key }
            ? (.yes, "") : (.no, "it is not listed")
    }
}
