import NIOHTTP1
import XML

/// What is answered to a request.
struct S3Response: Sendable {
    enum Body: Sendable {
        case none
        case bytes([UInt8])
        /// A range of an object, read as it is sent.
        case object(ReadableObject, Range<Int64>)
    }

    var status: HTTPResponseStatus = .ok
    var headers: [(name: String, value: String)] = []
    var body = Body.none

    init(_ status: HTTPResponseStatus = .ok) { self.status = status }

    /// An XML document.
    init(_ status: HTTPResponseStatus = .ok, document: XMLWriter) {
        self.status = status
        headers = [("Content-Type", "application/xml")]
        body = .bytes(document.bytes)
    }

    var length: Int64 {
        switch body {
        case .none: 0
        case .bytes(let bytes): Int64(bytes.count)
        case .object(_, let range): range.upperBound - range.lowerBound
        }
    }

    /// S3's error document.
    init(_ failure: S3Failure, resource: String, requestID: String) {
        status = HTTPResponseStatus(statusCode: failure.status)
        for header in failure.headers { headers.append((header.name, header.value)) }
        guard failure.status != 304 else { return }
        var writer = XMLWriter(reservingBytes: 512)
        writer.declaration()
        writer.open("Error")
        writer.element("Code", failure.code.rawValue)
        writer.element("Message", failure.message)
        for detail in failure.details {
            switch detail.name {
            case .actualObjectSize: writer.element("ActualObjectSize", detail.value)
            case .actualPartCount: writer.element("ActualPartCount", detail.value)
            case .argumentName: writer.element("ArgumentName", detail.value)
            case .argumentValue: writer.element("ArgumentValue", detail.value)
            case .bucketName: writer.element("BucketName", detail.value)
            case .condition: writer.element("Condition", detail.value)
            case .etag: writer.element("ETag", detail.value)
            case .key: writer.element("Key", detail.value)
            case .method: writer.element("Method", detail.value)
            case .partNumber: writer.element("PartNumber", detail.value)
            case .partNumberRequested: writer.element("PartNumberRequested", detail.value)
            case .rangeRequested: writer.element("RangeRequested", detail.value)
            case .region: writer.element("Region", detail.value)
            case .resourceType: writer.element("ResourceType", detail.value)
            case .storageClassRequested: writer.element("StorageClassRequested", detail.value)
            case .tagKey: writer.element("TagKey", detail.value)
            case .uploadID: writer.element("UploadId", detail.value)
            case .versionID: writer.element("VersionId", detail.value)
            }
        }
        writer.element("Resource", resource)
        writer.element("RequestId", requestID)
        writer.element("HostId", requestID)
        writer.close("Error")
        headers.append(("Content-Type", "application/xml"))
        body = .bytes(writer.bytes)
    }
}
