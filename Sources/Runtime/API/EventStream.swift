import Signing

/// Frames of `application/vnd.amazon.eventstream`.
///
/// Source: <https://smithy.io/2.0/aws/amazon-eventstream.html>
enum EventStream {
    static func payload(_ bytes: [UInt8]) -> [UInt8] {
        frame(
            [
                (":event-type", "PayloadChunk"), (":content-type", "application/octet-stream"),
                (":message-type", "event"),
            ], bytes)
    }

    /// Ends a stream; what the function failed with stands in it.
    static func complete(_ response: InvocationResponse) -> [UInt8] {
        var body = Array("{".utf8)
        if let error = response.functionError {
            body += Array("\"ErrorCode\":".utf8) + JSONText.quoted(error)
            body += Array(",\"ErrorDetails\":".utf8)
            body += JSONText.quoted(String(decoding: response.payload, as: UTF8.self))
        }
        if let tail = response.logTail {
            if body.count > 1 { body.append(UInt8(ascii: ",")) }
            body += Array("\"LogResult\":".utf8) + JSONText.quoted(Base64.encode(tail))
        }
        body.append(UInt8(ascii: "}"))
        return frame(
            [
                (":event-type", "InvokeComplete"), (":content-type", "application/json"),
                (":message-type", "event"),
            ], body)
    }

    static func exception(_ error: LambdaServiceError) -> [UInt8] {
        frame(
            [
                (":exception-type", error.kind.rawValue), (":content-type", "application/json"),
                (":message-type", "exception"),
            ], Array("{\"message\":".utf8) + JSONText.quoted(error.message) + Array("}".utf8))
    }

    static func frame(_ headers: [(name: String, value: String)], _ payload: [UInt8]) -> [UInt8] {
        var fields: [UInt8] = []
        for header in headers {
            fields.append(UInt8(header.name.utf8.count))
            fields += Array(header.name.utf8)
            // 7: a string.
            fields.append(7)
            let length = UInt16(header.value.utf8.count)
            fields += [UInt8(length >> 8), UInt8(length & 255)] + Array(header.value.utf8)
        }
        var frame = bytes(UInt32(16 + fields.count + payload.count)) + bytes(UInt32(fields.count))
        frame += bytes(crc32(frame))
        frame += fields + payload
        return frame + bytes(crc32(frame))
    }

    private static func bytes(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    private static func crc32(_ bytes: [UInt8]) -> UInt32 {
        var checksum = Checksum(.crc32)
        bytes.withUnsafeBytes { checksum.update($0) }
        return checksum.finalize().reduce(0) { $0 << 8 | UInt32($1) }
    }
}
