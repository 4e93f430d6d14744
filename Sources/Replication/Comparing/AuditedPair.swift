import S3
import Signing

/// One look at both sides of one key.
struct AuditedPair: Sendable {
    /// Best first: what one side stores is computed while the other side is read.
    private static let algorithms: [ChecksumAlgorithm] = [
        .sha256, .sha1, .crc64nvme, .crc32c, .crc32,
    ]

    let key: ObjectKey
    let mode: AuditMode
    let comparesTags: Bool
    let source: any AuditedSide
    let destination: any AuditedSide

    /// - Throws: `ObjectMoved`, `UnreadableObject`, `S3Error`.
    func look() async throws -> AuditFinding? {
        async let sourceHead = head(source)
        async let destinationHead = head(destination)
        let heads = try await (sourceHead, destinationHead)
        switch heads {
        case (nil, nil): return nil
        case (nil, _?): return finding(.extra, "only at \(destination.name)")
        case (_?, nil): return finding(.missing, "absent at \(destination.name)")
        case (let here?, let there?):
            guard here.size == there.size else {
                return finding(
                    .sizeDiffers,
                    "\(here.size) bytes at \(source.name), \(there.size) at \(destination.name)")
            }
            if let finding = try await compareContent(here, there) { return finding }
            return try await compareMetadata(here, there)
        }
    }

    private func finding(_ kind: AuditFinding.Kind, _ detail: String) -> AuditFinding {
        AuditFinding(key: key, kind: kind, detail: detail)
    }

    private func head(_ side: any AuditedSide) async throws -> ObjectHead? {
        var options = ReadOptions()
        options.checksumMode = mode != .bytes
        do {
            return try await side.head(key, options)
        } catch let error as S3Error {
            if error.kind == .noSuchKey { return nil }
            throw UnreadableObject(error, at: side.name) ?? error as any Error
        }
    }

    private func compareContent(
        _ here: ObjectHead, _ there: ObjectHead
    ) async throws -> AuditFinding? {
        switch mode {
        case .etag: return compareETags(here, there)
        case .checksum: return try await compareChecksums(here, there)
        case .bytes:
            let reading = PairReading(key: key, source: source, destination: destination)
            guard let offset = try await reading.firstDifference(here, there) else { return nil }
            return finding(.contentDiffers, "the first difference is at byte \(offset)")
        }
    }

    private func compareETags(_ here: ObjectHead, _ there: ObjectHead) -> AuditFinding? {
        if storedChecksumsAgree(here, there) == true { return nil }
        switch ContentComparison.of(
            ObjectState(here), ObjectState(there), sourceDialect: source.dialect,
            destinationDialect: destination.dialect)
        {
        case .same, .sameByOrigin: return nil
        case .sizeDiffers, .eTagDiffers:
            return finding(
                .contentDiffers,
                "ETag \(Self.short(here.eTag)) at \(source.name), \(Self.short(there.eTag)) at "
                    + destination.name)
        case .needsDestinationHead, .cannotTell:
            return finding(
                .undecided,
                "the ETags \(here.eTag) and \(there.eTag) cannot be compared, and no origin is "
                    + "recorded: use the mode checksum")
        }
    }

    /// Enough to tell two apart, so that a finding fits a line: "8f10c0c8…", "8f10c0c8…-12".
    private static func short(_ eTag: ETag) -> String {
        let value = eTag.value
        guard value.utf8.count > 12, eTag.isMD5Shaped || eTag.partCount != nil else { return value }
        return value.prefix(8) + "…" + (eTag.partCount.map { "-\($0)" } ?? "")
    }

    private func compareChecksums(
        _ here: ObjectHead, _ there: ObjectHead
    ) async throws -> AuditFinding? {
        switch storedChecksumsAgree(here, there) {
        case true?: return nil
        case false?: return finding(.contentDiffers, "the stored checksums differ")
        case nil: break
        }
        let reading = PairReading(key: key, source: source, destination: destination)
        if let (algorithm, stored) = Self.usable(here) {
            let computed = try await reading.digest(destination, there, algorithm)
            return Base64.encode(computed) == stored
                ? nil
                : finding(
                    .contentDiffers,
                    "what \(destination.name) holds does not have the \(algorithm.rawValue) that "
                        + "\(source.name) stores")
        }
        if let (algorithm, stored) = Self.usable(there) {
            let computed = try await reading.digest(source, here, algorithm)
            return Base64.encode(computed) == stored
                ? nil
                : finding(
                    .contentDiffers,
                    "what \(source.name) holds does not have the \(algorithm.rawValue) that "
                        + "\(destination.name) stores")
        }
        async let ours = reading.digest(source, here, .sha256)
        async let theirs = reading.digest(destination, there, .sha256)
        let (left, right) = try await (ours, theirs)
        return left == right
            ? nil
            : finding(
                .contentDiffers,
                "SHA-256 \(Hex.encode(left)) at \(source.name), \(Hex.encode(right)) at "
                    + destination.name)
    }

    /// nil: the stores hold none in common. Composite ones (which end in `-N`) depend on the parts: equal,
    /// they prove; different, they tell nothing.
    private func storedChecksumsAgree(_ here: ObjectHead, _ there: ObjectHead) -> Bool? {
        let common = here.checksums.compactMap { name, value in
            there.checksums[name].map { (value, $0) }
        }
        guard here.checksumIsComposite || there.checksumIsComposite else {
            return common.isEmpty ? nil : common.allSatisfy { $0 == $1 }
        }
        guard here.checksumIsComposite, there.checksumIsComposite else { return nil }
        return common.contains { $0 == $1 } ? true : nil
    }

    /// A checksum of the whole object that can be computed here.
    private static func usable(
        _ head: ObjectHead
    ) -> (algorithm: ChecksumAlgorithm, base64: String)? {
        guard !head.checksumIsComposite else { return nil }
        for algorithm in algorithms {
            if let value = head.checksums[algorithm.rawValue] { return (algorithm, value) }
        }
        return nil
    }

    private func compareMetadata(
        _ here: ObjectHead, _ there: ObjectHead
    ) async throws -> AuditFinding? {
        guard MetadataComparison.areSame(here.metadata, there.metadata) else {
            let names = Self.differingNames(here.metadata, there.metadata)
            return finding(.metadataDiffers, names.joined(separator: ", "))
        }
        // Only their number comes with a HEAD, and not every store tells it: equal numbers pass, and
        // unequal ones are asked about.
        guard comparesTags, here.tagCount != there.tagCount,
            source.dialect.tagging != .no, destination.dialect.tagging != .no
        else { return nil }
        guard let ours = try await tags(source), let theirs = try await tags(destination),
            !MetadataComparison.areSame(ours, theirs)
        else { return nil }
        return finding(
            .metadataDiffers,
            "\(ours.count) tags at \(source.name), \(theirs.count) at \(destination.name)")
    }

    /// nil where the store has no tags or does not let them be read.
    private func tags(_ side: any AuditedSide) async throws -> [Tag]? {
        do {
            return try await side.tags(key)
        } catch let error as S3Error {
            switch error.kind {
            case .notSupported, .accessDenied: return nil
            case .noSuchKey: throw ObjectMoved()
            default: throw UnreadableObject(error, at: side.name) ?? error as any Error
            }
        }
    }

    private static func differingNames(_ a: ObjectMetadata, _ b: ObjectMetadata) -> [String] {
        let headers: [(String, String?, String?)] = [
            ("Content-Type", a.contentType, b.contentType),
            (
                "Content-Encoding", MetadataComparison.storedEncoding(a.contentEncoding),
                MetadataComparison.storedEncoding(b.contentEncoding)
            ),
            ("Content-Language", a.contentLanguage, b.contentLanguage),
            ("Content-Disposition", a.contentDisposition, b.contentDisposition),
            ("Cache-Control", a.cacheControl, b.cacheControl),
            ("Expires", a.expires, b.expires),
            ("x-amz-website-redirect-location", a.websiteRedirect, b.websiteRedirect),
        ]
        var names = headers.filter { $0.1 != $0.2 }.map(\.0)
        func fields(_ metadata: ObjectMetadata) -> [String: String] {
            Dictionary(
                metadata.user.filter { $0.name != Origin.metadataName }.map { ($0.name, $0.value) },
                uniquingKeysWith: { $1 })
        }
        let ours = fields(a)
        let theirs = fields(b)
        for name in Set(ours.keys).union(theirs.keys).sorted() where ours[name] != theirs[name] {
            names.append("x-amz-meta-\(name)")
        }
        return names
    }
}
