import Transport
import XML

extension S3Client {
    /// The object's tags, in the store's order.
    public func tags(_ object: ObjectAddress) async throws(S3Error) -> [Tag] {
        var request = S3Request("GetObjectTagging", .other, .get, object)
        request.ask("tagging")
        request.attemptsMaximum = 3
        do throws(S3Error) {
            let root = try document(try await perform(request), request, "Tagging")
            return root["TagSet"]?.all("Tag").map { tag in
                Tag(tag["Key"]?.text ?? "", tag["Value"]?.text ?? "")
            } ?? []
        } catch {
            // A store that knows no tags may send the object itself.
            if error.kind == .notSupported || error.kind == .malformedAnswer {
                learn { $0.tagging = .no }
            }
            throw error
        }
    }

    /// Replaces all tags; at most 10.
    public func setTags(_ object: ObjectAddress, _ tags: [Tag]) async throws(S3Error) {
        var request = S3Request("PutObjectTagging", .other, .put, object)
        request.ask("tagging")
        request.attemptsMaximum = 3
        var writer = XMLWriter()
        writer.open("Tagging", xmlns: XMLWriter.s3Namespace)
        writer.open("TagSet")
        for tag in tags {
            writer.open("Tag")
            writer.element("Key", tag.key)
            writer.element("Value", tag.value)
            writer.close("Tag")
        }
        writer.close("TagSet")
        writer.close("Tagging")
        request.send(xml: writer.bytes)
        try await performTagging(request)
    }

    public func deleteTags(_ object: ObjectAddress) async throws(S3Error) {
        var request = S3Request("DeleteObjectTagging", .other, .delete, object)
        request.ask("tagging")
        request.attemptsMaximum = 3
        try await performTagging(request)
    }

    private func performTagging(_ request: S3Request) async throws(S3Error) {
        // A store that ignores what it does not know would write or delete the object itself.
        guard dialect.tagging != .no else {
            throw S3Error(
                kind: .notSupported, operation: request.operation, connection: connection.name,
                bucket: request.bucket, key: request.key, message: "the store has no object tags")
        }
        do throws(S3Error) {
            _ = try await perform(request)
        } catch {
            if error.kind == .notSupported { learn { $0.tagging = .no } }
            throw error
        }
    }
}
