/// Appends a document to a byte array. Names are the caller's and are not checked; text is escaped as S3 does.
public struct XMLWriter: Sendable {
    /// S3's namespace.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>
    public static let s3Namespace: StaticString = "http://s3.amazonaws.com/doc/2006-03-01/"

    public private(set) var bytes: [UInt8] = []

    public init(reservingBytes capacity: Int = 1024) { bytes.reserveCapacity(capacity) }

    /// `<?xml version="1.0" encoding="UTF-8"?>` and a line end.
    public mutating func declaration() {
        append("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
    }

    public mutating func open(_ name: StaticString, xmlns: StaticString? = nil) {
        bytes.append(Byte.less)
        append(name)
        if let xmlns {
            append(" xmlns=\"")
            append(xmlns)
            bytes.append(Byte.doubleQuote)
        }
        bytes.append(Byte.greater)
    }

    public mutating func open(
        _ name: StaticString, attributes: [(name: StaticString, value: String)]
    ) {
        bytes.append(Byte.less)
        append(name)
        for attribute in attributes {
            bytes.append(0x20)
            append(attribute.name)
            append("=\"")
            text(attribute.value)
            bytes.append(Byte.doubleQuote)
        }
        bytes.append(Byte.greater)
    }

    public mutating func close(_ name: StaticString) {
        append("</")
        append(name)
        bytes.append(Byte.greater)
    }

    public mutating func element(_ name: StaticString, _ text: String) {
        open(name)
        self.text(text)
        close(name)
    }

    /// - Parameter text: UTF-8.
    public mutating func element(_ name: StaticString, _ text: [UInt8]) {
        open(name)
        text.withUnsafeBufferPointer { self.text($0) }
        close(name)
    }

    public mutating func element(_ name: StaticString, _ number: some BinaryInteger) {
        open(name)
        append(Int64(number))
        close(name)
    }

    public mutating func element(_ name: StaticString, _ flag: Bool) {
        open(name)
        append(flag ? "true" : "false")
        close(name)
    }

    /// Character data.
    public mutating func text(_ text: String) {
        var text = text
        text.withUTF8 { self.text($0) }
    }

    /// Character data, UTF-8.
    public mutating func text(_ text: UnsafeBufferPointer<UInt8>) {
        var written = 0
        for index in text.indices {
            let byte = text[index]
            // Every byte that needs more than a copy is below this, or is DEL, which S3 leaves alone.
            guard byte < 0x3F, let escape = Self.escape(byte) else { continue }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[written..<index]))
            append(escape)
            written = index + 1
        }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[written...]))
    }

    private static func escape(_ byte: UInt8) -> StaticString? {
        switch byte {
        case Byte.ampersand: "&amp;"
        case Byte.less: "&lt;"
        case Byte.greater: "&gt;"
        case Byte.doubleQuote: "&quot;"
        case 0x0D: "&#13;"
        // XML 1.0 cannot carry these even as references; S3 writes them so nevertheless.
        case 0x00..<0x20 where byte != 0x09 && byte != 0x0A: controls[Int(byte)]
        default: nil
        }
    }

    private static let controls: [StaticString] = [
        "&#x0;", "&#x1;", "&#x2;", "&#x3;", "&#x4;", "&#x5;", "&#x6;", "&#x7;",
        "&#x8;", "&#x9;", "&#xa;", "&#xb;", "&#xc;", "&#xd;", "&#xe;", "&#xf;",
        "&#x10;", "&#x11;", "&#x12;", "&#x13;", "&#x14;", "&#x15;", "&#x16;", "&#x17;",
        "&#x18;", "&#x19;", "&#x1a;", "&#x1b;", "&#x1c;", "&#x1d;", "&#x1e;", "&#x1f;",
    ]

    private mutating func append(_ literal: StaticString) {
        bytes.append(
            contentsOf: UnsafeBufferPointer(
                start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    private mutating func append(_ number: Int64) {
        var magnitude = number.magnitude
        if number < 0 { bytes.append(0x2D) }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var index = 20
            repeat {
                index -= 1
                digits[index] = UInt8(truncatingIfNeeded: magnitude % 10) + 0x30
                magnitude /= 10
            } while magnitude > 0
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[index..<20]))
        }
    }
}
