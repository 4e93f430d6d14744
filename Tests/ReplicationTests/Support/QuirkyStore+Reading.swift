import Foundation
import Signing

extension QuirkyStore.State {
    func read(_ call: Call) -> Answer {
        var found = objects[call.path]
        if let id = call.query["versionId"] {
            found = versions[call.path]?.first { $0.versionID == id }
        }
        guard let object = found else { return .error(404, "NoSuchKey") }
        if let match = call.head["if-match"]?.trimmingCharacters(in: ["\""]),
            match != object.eTag, quirks.conditions == .honoured
        {
            return .error(412, "PreconditionFailed")
        }
        let isArchived = quirks.archived.contains(call.path)
        if isArchived, call.method == "GET" { return .error(403, "InvalidObjectState") }
        var answer = Answer(200, headers: object.headers)
        answer.body = object.body
        answer.headers["ETag"] = "\"\(object.eTag)\""
        answer.headers["Last-Modified"] = Timestamps.httpDate(object.modified)
        answer.headers["x-amz-version-id"] = object.versionID
        if isArchived { answer.headers["x-amz-storage-class"] = "GLACIER" }
        if quirks.eTags == .kms { answer.headers["x-amz-server-side-encryption"] = "aws:kms" }
        if let tags = object.tags, !tags.isEmpty {
            answer.headers["x-amz-tagging-count"] = String(tags.split(separator: "&").count)
        }
        if quirks.hasChecksums, call.head["x-amz-checksum-mode"] != nil {
            answer.headers["x-amz-checksum-crc32"] = Base64.encode(
                Checksum.of(object.body, .crc32))
            answer.headers["x-amz-checksum-type"] = "FULL_OBJECT"
        }
        var range = call.head["range"].flatMap(byteRange)
        if let number = call.query["partNumber"].flatMap({ Int($0) }), quirks.readsParts {
            let parts = object.parts ?? [object.body.count]
            guard number <= parts.count else { return .error(416, "InvalidPartNumber") }
            let start = parts[..<(number - 1)].reduce(0, +)
            range = start..<(start + parts[number - 1])
            answer.headers["x-amz-mp-parts-count"] = String(parts.count)
        }
        if let range {
            let kept = range.clamped(to: 0..<object.body.count)
            answer.status = 206
            answer.body = Array(object.body[kept])
            answer.headers["Content-Range"] =
                "bytes \(kept.lowerBound)-\(kept.upperBound - 1)/\(object.body.count)"
        }
        return answer
    }

    func byteRange(_ field: String) -> Range<Int>? {
        let bounds = field.dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) }
        return bounds.count == 2 ? bounds[0]..<(bounds[1] + 1) : nil
    }

    mutating func taggingAnswer(_ call: Call) -> Answer {
        guard objects[call.path] != nil else { return .error(404, "NoSuchKey") }
        if quirks.tagging == .refused { return .error(501, "NotImplemented") }
        if call.method == "PUT" {
            if quirks.tagging == .denied { return .error(403, "AccessDenied") }
            if quirks.tagging == .invalid || quirks.tagging == .invalidLate {
                return .error(400, "InvalidTag")
            }
            guard quirks.tagging == .kept else { return Answer(200) }
            objects[call.path]?.tags = Self.tagPairs(String(decoding: call.body, as: UTF8.self))
            return Answer(200)
        }
        let items = (objects[call.path]?.tags ?? "").split(separator: "&").map { pair in
            let sides = pair.split(separator: "=", maxSplits: 1).map(String.init)
            return
                "<Tag><Key>\(sides[0])</Key><Value>\(sides.count > 1 ? sides[1] : "")</Value></Tag>"
        }
        return Answer(
            200, headers: ["Content-Type": "application/xml"],
            "<Tagging><TagSet>\(items.joined())</TagSet></Tagging>")
    }

    func attributesAnswer(_ call: Call) -> Answer {
        guard quirks.hasAttributes else { return .error(501, "NotImplemented") }
        guard let object = objects[call.path] else { return .error(404, "NoSuchKey") }
        let parts = (object.parts ?? []).enumerated().map { index, size in
            "<Part><PartNumber>\(index + 1)</PartNumber><Size>\(size)</Size></Part>"
        }
        return Answer(
            200, headers: ["Content-Type": "application/xml"],
            "<GetObjectAttributesResponse><ObjectParts><PartsCount>\(parts.count)</PartsCount>"
                + "<IsTruncated>false</IsTruncated>\(parts.joined())</ObjectParts>"
                + "</GetObjectAttributesResponse>")
    }

    func aclAnswer(_ call: Call) -> Answer {
        guard quirks.hasACLs else { return .error(501, "NotImplemented") }
        guard let object = objects[call.path] else { return .error(404, "NoSuchKey") }
        var grants =
            "<Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
            + "xsi:type=\"CanonicalUser\"><ID>me</ID></Grantee>"
            + "<Permission>FULL_CONTROL</Permission></Grant>"
        if object.acl == "public-read" {
            grants +=
                "<Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
                + "xsi:type=\"Group\"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI>"
                + "</Grantee><Permission>READ</Permission></Grant>"
        }
        return Answer(
            200, headers: ["Content-Type": "application/xml"],
            "<AccessControlPolicy><Owner><ID>me</ID></Owner><AccessControlList>\(grants)"
                + "</AccessControlList></AccessControlPolicy>")
    }

    /// "a=1&b=2" from the request's XML; enough for plain words.
    private static func tagPairs(_ xml: String) -> String {
        let keys = texts(xml, "Key")
        let values = texts(xml, "Value")
        return zip(keys, values).map { "\($0)=\($1)" }.joined(separator: "&")
    }

    private static func texts(_ xml: String, _ name: String) -> [String] {
        xml.components(separatedBy: "<\(name)>").dropFirst()
            .compactMap { $0.components(separatedBy: "</\(name)>").first }
    }
}
