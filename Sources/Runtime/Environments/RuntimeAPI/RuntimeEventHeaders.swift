import NIOCore

/// The header fields of an event on its way to a runtime; each is left out when it would be empty.
enum RuntimeEventHeaders {
    static func write(_ event: InvocationEvent, to buffer: inout ByteBuffer) {
        buffer.writeStaticString("Content-Type: application/json\r\n")
        field("Lambda-Runtime-Aws-Request-Id: ", event.requestID.utf8, &buffer)
        field(
            "Lambda-Runtime-Deadline-Ms: ", String(event.deadlineUnixMilliseconds).utf8, &buffer)
        field("Lambda-Runtime-Invoked-Function-Arn: ", event.invokedFunctionARN.utf8, &buffer)
        field("Lambda-Runtime-Trace-Id: ", event.traceHeader.utf8, &buffer)
        field("Lambda-Runtime-Client-Context: ", event.clientContext ?? [], &buffer)
    }

    private static func field(
        _ name: StaticString, _ value: some Collection<UInt8>, _ buffer: inout ByteBuffer
    ) {
        guard !value.isEmpty else { return }
        buffer.writeStaticString(name)
        let start = buffer.writerIndex - buffer.readerIndex
        buffer.writeBytes(value)
        // JSON may be written over many lines and a field may not; what is between the tokens may as well be a space.
        buffer.withUnsafeMutableReadableBytes { bytes in
            for index in start..<bytes.count
            where bytes[index] < 0x20 || bytes[index] == 0x7F { bytes[index] = 0x20 }
        }
        buffer.writeStaticString("\r\n")
    }
}
