import S3

extension Convergence {
    func cancelled() -> ReplicationError {
        ReplicationError(kind: .cancelled, key: key, message: "\(key): cancelled")
    }

    func changedTooOften(_ moved: Moved) -> ReplicationError {
        ReplicationError(
            kind: .changedTooOften, key: key,
            message: "\(key): changed under each of \(Self.maxReplans) attempts to copy it; "
                + "run again when it is quieter",
            cause: moved.cause)
    }

    /// Gives a store's failure the kind that the caller decides by.
    func replicationError(_ error: S3Error) -> ReplicationError {
        if isOfLength(error) { return keyTooLong(error) }
        switch error.kind {
        case .cancelled:
            return cancelled()
        case .archived:
            return ReplicationError(
                kind: .archived, key: key,
                message: "\(key): is archived at \(source.connection.name) and cannot be read; "
                    + "restore it there (RestoreObject), wait until it is restored, then run again",
                cause: error)
        case .tooLarge:
            return ReplicationError(
                kind: .tooLarge, key: key, message: describe(error), cause: error)
        default:
            return ReplicationError(
                kind: refusesKey(error) ? .keyNotStorable : .store, key: key,
                message: refusesKey(error)
                    ? "\(destination.connection.name) does not take this key: \(error)"
                    : describe(error),
                cause: error)
        }
    }

    /// The next run sees the same content in the listings, which do not show tags: this one must say it.
    func tagsNotStored(_ error: S3Error) -> any Error {
        guard error.kind != .cancelled, error.kind != .noSuchKey else { return error }
        return ReplicationError(
            kind: .tagsNotStored, key: key,
            message: "\(key): the content is in step at \(destination.connection.name), the tags "
                + "are not: \(describe(error)); run again with --full, which looks at tags",
            cause: error)
    }

    private func describe(_ error: S3Error) -> String {
        error.hint.map { "\(error); \($0)" } ?? error.description
    }

    /// Not refused beforehand: some stores take longer keys.
    func isOfLength(_ error: S3Error) -> Bool {
        guard destinationAddress.key.bytes.count > ObjectKey.bytesMaximum,
            error.connection == destination.connection.name
        else { return false }
        switch error.kind {
        case .invalidRequest, .notSupported, .tooLarge, .noSuchKey: return true
        default: return error.status == 500
        }
    }

    private func keyTooLong(_ error: S3Error) -> ReplicationError {
        let whole = destinationAddress.key.bytes.count
        let room = ObjectKey.bytesMaximum - key.bytes.count
        let prefix = rule.destination.prefix.isEmpty ? "" : " with the destination's prefix"
        let code = error.code ?? error.status.map { "HTTP \($0)" } ?? error.kind.rawValue
        return ReplicationError(
            kind: .keyTooLong, key: key,
            message: "the key has \(whole) bytes\(prefix), and S3 allows \(ObjectKey.bytesMaximum) "
                + "(\(code) from \(destination.connection.name)); "
                + (room >= 0
                    ? "use a prefix of at most \(room) bytes at the destination"
                    : "leave it out with --exclude"),
            cause: error)
    }

    /// Stores have no common code for a key they cannot hold: a refused write of a key that is out
    /// of the ordinary is taken for one.
    private func refusesKey(_ error: S3Error) -> Bool {
        guard error.isOfWriting, error.connection == destination.connection.name else {
            return false
        }
        switch error.code {
        case "KeyTooLongError", "InvalidURI", "XMinioInvalidObjectName", "InvalidObjectName":
            return true
        default: break
        }
        let isRefusal =
            error.kind == .invalidRequest || error.kind == .noSuchKey
            || (error.status == 500 && error.code == "InternalError")
        return isRefusal && destinationAddress.key.isOutOfTheOrdinary
    }
}

extension S3Error {
    /// The store has tags, but takes not these: too many, or of characters that it does not allow.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html>
    var refusesTags: Bool {
        code == "InvalidTag" || code == "InvalidArgument" && message.contains("x-amz-tagging")
    }

    /// Of a request that writes an object or begins an upload.
    var isOfWriting: Bool {
        ["PutObject", "CopyObject", "CreateMultipartUpload", "UploadPart"].contains {
            operation.hasPrefix($0)
        }
    }
}

extension ObjectKey {
    /// Keys that stores built on folders, or on URL libraries, are known to refuse.
    var isOutOfTheOrdinary: Bool {
        if bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return true }
        if bytes.last == UInt8(ascii: "/") || bytes.count > Self.bytesMaximum {
            return true
        }
        let segments = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return segments.contains { segment in
            segment.isEmpty || segment.count > 255 || segment.elementsEqual(".".utf8)
                || segment.elementsEqual("..".utf8)
        }
    }
}
