import Foundation
import Signing

extension QuirkyStore.State {
    var now: Int64 { Int64(Date().timeIntervalSince1970) + clockOffset }

    mutating func answer(_ call: Call) -> Answer {
        counter += 1
        let segments = call.path.split(separator: "/", maxSplits: 1)
        if let bucket = segments.first, quirks.missingBuckets.contains(String(bucket)) {
            return .error(404, "NoSuchBucket")
        }
        if segments.count < 2 { return bucketAnswer(call) }
        if call.query["tagging"] != nil { return taggingAnswer(call) }
        if call.query["attributes"] != nil { return attributesAnswer(call) }
        if call.query["acl"] != nil { return aclAnswer(call) }
        switch call.method {
        case "GET", "HEAD": return read(call)
        case "PUT": return call.query["uploadId"] != nil ? putPart(call) : put(call)
        case "POST": return call.query["uploads"] != nil ? begin(call) : complete(call)
        case "DELETE":
            if let id = call.query["uploadId"] {
                return uploads.removeValue(forKey: id) == nil
                    ? .error(404, "NoSuchUpload") : Answer(204)
            }
            delete(call)
            return Answer(204)
        default: return .error(405, "MethodNotAllowed")
        }
    }

    /// Without a version id, the object is hidden where there are versions.
    private mutating func delete(_ call: Call) {
        objects[call.path] = nil
        guard let id = call.query["versionId"] else { return }
        versions[call.path]?.removeAll { $0.versionID == id }
        objects[call.path] = versions[call.path]?.last
    }

    @discardableResult
    mutating func store(_ object: QuirkyStore.Object, at path: String) -> QuirkyStore.Object {
        var object = object
        if quirks.isVersioned {
            object.versionID = "v\(counter)"
            versions[path, default: []].append(object)
        }
        objects[path] = object
        return object
    }

    private func written(_ object: QuirkyStore.Object) -> [String: String] {
        var headers: [String: String] = [:]
        if quirks.tellsETags { headers["ETag"] = "\"\(object.eTag)\"" }
        headers["x-amz-version-id"] = object.versionID
        headers["x-amz-server-side-encryption"] = quirks.encryption
        return headers
    }

    private func bucketAnswer(_ call: Call) -> Answer {
        if call.query["object-lock"] != nil {
            guard quirks.locks == .kept else {
                return .error(404, "ObjectLockConfigurationNotFoundError")
            }
            return Answer(
                200, headers: ["Content-Type": "application/xml"],
                "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>"
                    + "</ObjectLockConfiguration>")
        }
        guard call.query["uploads"] != nil else { return Answer(200) }
        let prefix = call.query["prefix"] ?? ""
        let bucket = call.path.split(separator: "/").first.map(String.init) ?? ""
        let items = uploads.filter { $0.value.path.hasPrefix("/\(bucket)/\(prefix)") }
            .map { id, upload in
                let key = upload.path.dropFirst(bucket.utf8.count + 2)
                return "<Upload><Key>\(key)</Key><UploadId>\(id)</UploadId><Initiated>"
                    + Timestamps.iso8601(milliseconds: upload.initiated * 1000)
                    + "</Initiated></Upload>"
            }
        return Answer(
            200, headers: ["Content-Type": "application/xml"],
            "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>\(items.joined())"
                + "</ListMultipartUploadsResult>")
    }

    func eTag(_ body: [UInt8]) -> String {
        quirks.eTags == .md5 ? Hex.encode(Checksum.of(body, .md5)) : opaque
    }

    /// Looks like an MD5 and is none.
    private var opaque: String { Hex.encode(Checksum.of(Array("\(counter)".utf8), .md5)) }

    func multipartETag(_ body: [UInt8], _ digests: [[UInt8]]) -> String {
        switch quirks.multipartETags {
        case .standard:
            "\(Hex.encode(Checksum.of(digests.flatMap { $0 }, .md5)))-\(digests.count)"
        case .wholeMD5: Hex.encode(Checksum.of(body, .md5))
        case .opaque: "\(opaque)-\(digests.count)"
        }
    }

    private func stored(_ body: [UInt8]) -> [UInt8] {
        guard let index = quirks.damagesStoredByte, index < body.count else { return body }
        var body = body
        body[index] ^= 0xFF
        return body
    }

    /// nil when the write may go on.
    private func refusal(_ call: Call) -> Answer? {
        let noneMatch = call.head["if-none-match"]
        let match = call.head["if-match"]?.trimmingCharacters(in: ["\""])
        guard noneMatch != nil || match != nil else { return nil }
        let current = objects[call.path]
        switch quirks.conditions {
        case .ignored: return nil
        case .refused: return .error(501, "NotImplemented")
        case .ifMatchBroken:
            if match != nil { return .error(412, "PreconditionFailed") }
        case .honoured: break
        }
        if noneMatch != nil, current != nil { return .error(412, "PreconditionFailed") }
        if let match {
            guard let current else { return .error(404, "NoSuchKey") }
            if current.eTag != match { return .error(412, "PreconditionFailed") }
        }
        return nil
    }

    /// Of what a write carries besides bytes; nil when it may go on.
    private func refusalOfExtras(_ call: Call) -> Answer? {
        if call.head["x-amz-tagging"] != nil, quirks.tagging == .refused {
            return .error(501, "NotImplemented")
        }
        if call.head["x-amz-tagging"] != nil, quirks.tagging == .invalid {
            return .error(400, "InvalidTag")
        }
        if let acl = call.head["x-amz-acl"], acl != "private", !quirks.hasACLs {
            return .error(501, "NotImplemented")
        }
        guard call.hasLock else { return nil }
        if quirks.locks == .refused { return .error(501, "NotImplemented") }
        if quirks.locks == .kept, let date = call.head["x-amz-object-lock-retain-until-date"],
            Timestamps.parseISO8601Milliseconds(date) ?? 0 <= now * 1000
        {
            return .error(400, "InvalidArgument")
        }
        return nil
    }

    /// A plain PUT's digest: asked for, and checked where there is one.
    private func refusalOfDigest(_ call: Call) -> Answer? {
        guard let digest = call.head["content-md5"] else {
            let isNeeded = quirks.wantsContentMD5 || call.hasLock && quirks.locks == .kept
            return isNeeded ? .error(400, "InvalidRequest") : nil
        }
        return Base64.encode(Checksum.of(call.body, .md5)) == digest
            ? nil : .error(400, "BadDigest")
    }

    private mutating func put(_ call: Call) -> Answer {
        if let refusal = refusalOfExtras(call) ?? refusal(call) { return refusal }
        if let from = call.head["x-amz-copy-source"] { return copy(call, from) }
        if let refusal = refusalOfDigest(call) { return refusal }
        let body = stored(call.body)
        let object = store(
            QuirkyStore.Object(
                body: body, eTag: eTag(body), headers: call.objectHeaders(quirks),
                tags: quirks.tagging == .kept ? call.head["x-amz-tagging"] : nil,
                acl: call.head["x-amz-acl"] ?? "private", parts: nil, modified: now),
            at: call.path)
        if call.head["x-amz-tagging"] != nil, quirks.tagging == .invalidLate {
            return .error(400, "InvalidTag")
        }
        return Answer(200, headers: written(object))
    }

    private mutating func copy(_ call: Call, _ from: String) -> Answer {
        let path = from.hasPrefix("/") ? from : "/" + from
        guard var object = objects[path] else { return .error(404, "NoSuchKey") }
        if let match = call.head["x-amz-copy-source-if-match"],
            match.trimmingCharacters(in: ["\""]) != object.eTag, quirks.conditions == .honoured
        {
            return .error(412, "PreconditionFailed")
        }
        object.headers = object.headers.filter { !$0.key.hasPrefix("x-amz-object-lock-") }
        if call.head["x-amz-metadata-directive"] == "REPLACE", quirks.replacesOnCopy {
            object.headers = call.objectHeaders(quirks)
        }
        if quirks.losesOnCopy {
            object.headers = object.headers.filter { !$0.key.hasPrefix("x-amz-meta-") }
            object.tags = nil
        }
        if quirks.marksCopies {
            object.headers.merge(["x-amz-meta-mtime": "\(counter)"]) { old, _ in old }
        }
        if call.head["x-amz-tagging-directive"] == "REPLACE" {
            object.tags = quirks.tagging == .kept ? call.head["x-amz-tagging"] : nil
        }
        object.acl = call.head["x-amz-acl"] ?? "private"
        object.eTag = eTag(object.body)
        object.parts = nil
        object.modified = now
        object = store(object, at: call.path)
        var headers = written(object)
        headers["ETag"] = nil
        headers["Content-Type"] = "application/xml"
        return Answer(
            200, headers: headers,
            "<CopyObjectResult><ETag>&quot;\(object.eTag)&quot;</ETag></CopyObjectResult>")
    }

    private mutating func begin(_ call: Call) -> Answer {
        if let refusal = refusalOfExtras(call) { return refusal }
        let id = "upload\(counter)"
        uploads[id] = QuirkyStore.Upload(
            path: call.path, headers: call.objectHeaders(quirks),
            tags: quirks.tagging == .kept ? call.head["x-amz-tagging"] : nil,
            acl: call.head["x-amz-acl"] ?? "private", initiated: now)
        return Answer(
            200, headers: ["Content-Type": "application/xml"],
            "<InitiateMultipartUploadResult><UploadId>\(id)</UploadId>"
                + "</InitiateMultipartUploadResult>")
    }

    private mutating func putPart(_ call: Call) -> Answer {
        guard let id = call.query["uploadId"], uploads[id] != nil,
            let number = call.query["partNumber"].flatMap({ Int($0) })
        else { return .error(404, "NoSuchUpload") }
        var body = stored(call.body)
        if let from = call.head["x-amz-copy-source"] {
            // Answers as if nothing were wrong, and keeps an empty part.
            guard quirks.copiesParts else {
                uploads[id]?.parts[number] = []
                return Answer(200)
            }
            let path = from.hasPrefix("/") ? from : "/" + from
            guard let object = objects[path] else { return .error(404, "NoSuchKey") }
            body = object.body
            if let range = call.head["x-amz-copy-source-range"].flatMap(byteRange) {
                body = Array(body[range.clamped(to: 0..<body.count)])
            }
            uploads[id]?.parts[number] = body
            return Answer(
                200, headers: ["Content-Type": "application/xml"],
                "<CopyPartResult><ETag>&quot;\(Hex.encode(Checksum.of(body, .md5)))&quot;</ETag>"
                    + "</CopyPartResult>")
        }
        uploads[id]?.parts[number] = body
        return Answer(200, headers: ["ETag": "\"\(Hex.encode(Checksum.of(body, .md5)))\""])
    }

    private mutating func complete(_ call: Call) -> Answer {
        guard let id = call.query["uploadId"], let upload = uploads[id] else {
            return .error(404, "NoSuchUpload")
        }
        if let refusal = refusal(call) { return refusal }
        let parts = upload.parts.sorted { $0.key < $1.key }.map(\.value)
        if quirks.wantsRegularParts,
            !parts.dropLast().allSatisfy({ $0.count == parts[0].count })
        {
            return .error(400, "InvalidPart")
        }
        if parts.dropLast().contains(where: { $0.count < quirks.minPartBytes }) {
            return .error(400, "EntityTooSmall")
        }
        uploads[id] = nil
        let body = parts.flatMap { $0 }
        let object = store(
            QuirkyStore.Object(
                body: body, eTag: multipartETag(body, parts.map { Checksum.of($0, .md5) }),
                headers: upload.headers, tags: upload.tags, acl: upload.acl,
                parts: parts.map(\.count), modified: now), at: call.path)
        var headers = written(object)
        headers["ETag"] = nil
        headers["Content-Type"] = "application/xml"
        return Answer(
            200, headers: headers,
            "<CompleteMultipartUploadResult><ETag>&quot;\(object.eTag)&quot;</ETag>"
                + "</CompleteMultipartUploadResult>")
    }
}
