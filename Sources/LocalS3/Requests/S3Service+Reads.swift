import NIOHTTP1
import Signing
import XML

extension S3Service {
    /// Query parameters that replace a header of the answer.
    private static let overrides: [(parameter: String, header: String)] = [
        ("response-content-type", "content-type"),
        ("response-content-language", "content-language"),
        ("response-expires", "expires"), ("response-cache-control", "cache-control"),
        ("response-content-disposition", "content-disposition"),
        ("response-content-encoding", "content-encoding"),
    ]

    /// GET and HEAD; the body of a HEAD's answer is not sent, only its length.
    func readObject(_ request: S3Request) throws -> S3Response {
        let bucket = try bucket(request)
        let object = try open(bucket, request)
        let record = object.record
        try Conditions.checkRead(request, record, .object, now: clock())
        var response = S3Response()
        response.headers.reserveCapacity(10 + record.metadata.count)
        var range = 0..<record.size
        var part: Int?
        if let text = request.parameter("partNumber") {
            guard !request.headers.contains(name: "range") else {
                throw S3Failure(
                    .invalidRequest,
                    "Cannot specify both Range header and partNumber query parameter")
            }
            let found = try partRange(text, of: record)
            part = found.number
            range = found.range
            if !record.parts.isEmpty {
                response.headers.append(("x-amz-mp-parts-count", String(record.parts.count)))
            }
            if record.size > 0 { markPartial(&response, range, record) }
        } else if let header = request.header("range"), isRangeWanted(request, record),
            let wanted = try ByteRange.parse(header, size: record.size)
        {
            range = wanted
            markPartial(&response, range, record)
        }
        try appendHeaders(of: record, request, to: &response)
        response.headers += Self.versionHeaders(of: record, in: bucket)
        response.headers += ObjectLocking.headers(of: record)
        if request.header("x-amz-checksum-mode")?.uppercased() == "ENABLED" {
            appendChecksum(of: record, part: part, isWhole: range.count == record.size, &response)
        }
        if request.method != .HEAD { try object.checkStart(of: range) }
        response.body = .object(object, range)
        return response
    }

    private func markPartial(
        _ response: inout S3Response, _ range: Range<Int64>, _ record: ObjectRecord
    ) {
        response.status = .partialContent
        response.headers.append(
            (
                "Content-Range",
                "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(record.size)"
            ))
    }

    /// `If-Range`: the range counts only while the object is the one that the client knows.
    private func isRangeWanted(_ request: S3Request, _ record: ObjectRecord) -> Bool {
        guard let known = request.header("if-range") else { return true }
        if let date = Timestamps.parseHTTPDate(known) {
            return record.modifiedMilliseconds / 1_000 == date
        }
        return Conditions.matches(known, record.etag)
    }

    private func partRange(_ text: String, of record: ObjectRecord) throws(S3Failure) -> (
        number: Int, range: Range<Int64>
    ) {
        guard let number = Int(text), (1...10_000).contains(number) else {
            throw S3Failure.invalidArgument(
                "Part number must be an integer between 1 and 10000, inclusive",
                name: "partNumber", value: text)
        }
        // Counted from one, whatever numbers the parts were uploaded with.
        let count = max(1, record.parts.count)
        guard number <= count else {
            throw S3Failure(
                .invalidPartNumber,
                details: [
                    .init(name: .partNumberRequested, value: text),
                    .init(name: .actualPartCount, value: String(count)),
                ])
        }
        guard !record.parts.isEmpty else { return (1, 0..<record.size) }
        let start = record.parts[..<(number - 1)].reduce(0) { $0 + $1.size }
        return (number, start..<start + record.parts[number - 1].size)
    }

    private func appendHeaders(
        of record: ObjectRecord, _ request: S3Request, to response: inout S3Response
    ) throws(S3Failure) {
        response.headers.append(
            ("Last-Modified", Timestamps.httpDate(record.modifiedMilliseconds / 1_000)))
        response.headers.append(("ETag", record.etag.quoted))
        response.headers.append(("Accept-Ranges", "bytes"))
        var replaced: [String: String] = [:]
        if !request.query.isEmpty {
            for (parameter, header) in Self.overrides {
                guard let value = request.parameter(parameter) else { continue }
                // It would end the header and begin one of the client's own.
                guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                    throw S3Failure.invalidArgument(
                        "Header value cannot be represented in HTTP.", name: parameter,
                        value: value)
                }
                replaced[header] = value
            }
        }
        var hasType = false
        for pair in record.headers {
            if pair.name == "content-type" { hasType = true }
            response.headers.append(
                (pair.name, replaced.removeValue(forKey: pair.name) ?? pair.value))
        }
        for (name, value) in replaced {
            if name == "content-type" { hasType = true }
            response.headers.append((name, value))
        }
        if !hasType {
            response.headers.append(("content-type", ObjectHeaders.defaultContentType))
        }
        for pair in record.metadata { response.headers.append((pair.name, pair.value)) }
        if record.storageClass != .standard {
            response.headers.append(("x-amz-storage-class", record.storageClass.name))
        }
        if !record.tags.isEmpty {
            response.headers.append(("x-amz-tagging-count", String(record.tags.count)))
        }
    }

    /// A part's own checksum for a part, the object's for all of it, none for any other range.
    private func appendChecksum(
        of record: ObjectRecord, part: Int?, isWhole: Bool, _ response: inout S3Response
    ) {
        guard let checksum = record.checksum else { return }
        if let part, !record.parts.isEmpty {
            let value = record.parts[part - 1].checksum
            guard !value.isEmpty else { return }
            response.headers.append(
                (ChecksumRequest.header(of: checksum.algorithm), Base64.encode(value)))
            response.headers.append(("x-amz-checksum-type", checksum.typeName))
        } else if isWhole {
            response.headers += checksum.headers(parts: record.parts.count)
        }
    }

    func objectAttributes(_ request: S3Request) throws -> S3Response {
        let bucket = try bucket(request)
        let record = try open(bucket, request).record
        try Conditions.checkRead(request, record, .object, now: clock())
        let wanted = Set(
            request.headers[canonicalForm: "x-amz-object-attributes"].map(String.init))
        guard !wanted.isEmpty else {
            throw S3Failure(
                .invalidArgument, "The x-amz-object-attributes header is missing or empty.")
        }
        let known: Set = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
        guard wanted.isSubset(of: known) else {
            throw S3Failure(.invalidArgument, "Invalid attribute name specified.")
        }
        var writer = XMLWriter()
        writer.declaration()
        writer.open("GetObjectAttributesResponse", xmlns: XMLWriter.s3Namespace)
        if wanted.contains("ETag") { writer.element("ETag", record.etag.text) }
        if wanted.contains("Checksum"), let checksum = record.checksum {
            writer.open("Checksum")
            // Here S3 leaves out the "-N" of a checksum of checksums.
            Self.writeChecksum(Base64.encode(checksum.value), checksum.algorithm, into: &writer)
            writer.element("ChecksumType", checksum.typeName)
            writer.close("Checksum")
        }
        if wanted.contains("ObjectParts"), !record.parts.isEmpty {
            try writeParts(of: record, request, into: &writer)
        }
        if wanted.contains("StorageClass") {
            writer.element("StorageClass", record.storageClass.name)
        }
        if wanted.contains("ObjectSize") { writer.element("ObjectSize", record.size) }
        writer.close("GetObjectAttributesResponse")
        var response = S3Response(document: writer)
        response.headers.append(
            ("Last-Modified", Timestamps.httpDate(record.modifiedMilliseconds / 1_000)))
        response.headers += Self.versionHeaders(of: record, in: bucket)
        return response
    }

    /// S3 lists the parts only when they have checksums, else it gives their number.
    private func writeParts(
        of record: ObjectRecord, _ request: S3Request, into writer: inout XMLWriter
    ) throws(S3Failure) {
        let limit = try Limit.parse(request.header("x-amz-max-parts"), name: "x-amz-max-parts")
        let marker = Int(request.header("x-amz-part-number-marker") ?? "") ?? 0
        writer.open("ObjectParts")
        writer.element("PartsCount", record.parts.count)
        if let checksum = record.checksum, record.parts.contains(where: { !$0.checksum.isEmpty }) {
            let rest = record.parts.filter { $0.number > marker }
            let page = rest.prefix(limit)
            writer.element("PartNumberMarker", marker)
            writer.element("NextPartNumberMarker", page.last?.number ?? marker)
            writer.element("MaxParts", limit)
            writer.element("IsTruncated", rest.count > page.count)
            for part in page {
                writer.open("Part")
                writer.element("PartNumber", part.number)
                writer.element("Size", part.size)
                if !part.checksum.isEmpty {
                    Self.writeChecksum(
                        Base64.encode(part.checksum), checksum.algorithm, into: &writer)
                }
                writer.close("Part")
            }
        }
        writer.close("ObjectParts")
    }

    static func writeChecksum(
        _ value: String, _ algorithm: ChecksumAlgorithm, into writer: inout XMLWriter
    ) {
        switch algorithm {
        case .crc32: writer.element("ChecksumCRC32", value)
        case .crc32c: writer.element("ChecksumCRC32C", value)
        case .crc64nvme: writer.element("ChecksumCRC64NVME", value)
        case .sha1: writer.element("ChecksumSHA1", value)
        case .sha256: writer.element("ChecksumSHA256", value)
        case .md5: break
        }
    }
}

/// The numbers by which clients bound a page.
enum Limit {
    /// Also the most that S3 puts on a page.
    static let pageMaximum = 1_000

    /// 1,000 when it is not given; at most 1,000.
    static func parse(_ text: String?, name: String) throws(S3Failure) -> Int {
        guard let text, !text.isEmpty else { return pageMaximum }
        guard let value = Int(text), (0...Int(Int32.max)).contains(value) else {
            throw S3Failure.invalidArgument(
                "Provided \(name) not an integer or within integer range", name: name, value: text)
        }
        return min(value, pageMaximum)
    }
}
