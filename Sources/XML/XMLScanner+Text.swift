extension XMLScanner {
    /// What an element holds: where it stands when it is one run without references, else the bytes.
    private enum Content {
        case run(Range<Int>)
        case bytes([UInt8])
    }

    /// The element's own text with references replaced, that of child elements left out.
    /// Reads past its end tag.
    public mutating func bytes(of element: Element) throws(XMLError) -> [UInt8] {
        switch try content(of: element) {
        case .run(let range): [UInt8](document[range])
        case .bytes(let bytes): bytes
        }
    }

    /// The same as a string; throws `badText` when it is no UTF-8.
    public mutating func string(of element: Element) throws(XMLError) -> String {
        let offset = position
        let content = try content(of: element)
        let text: String? =
            switch content {
            case .run(let range):
                document.withUnsafeBufferPointer {
                    String(validating: UnsafeBufferPointer(rebasing: $0[range]), as: UTF8.self)
                }
            case .bytes(let bytes): String(validating: bytes, as: UTF8.self)
            }
        guard let text else { throw XMLError(.badText, offset: offset) }
        return text
    }

    /// The same as a decimal number, white space around it ignored; throws `badText` when it is none.
    public mutating func int64(of element: Element) throws(XMLError) -> Int64 {
        let offset = position
        let number: Int64? =
            switch try content(of: element) {
            case .run(let range): document.withUnsafeBufferPointer { $0.decimal(range) }
            case .bytes(let bytes): bytes.withUnsafeBufferPointer { $0.decimal(0..<bytes.count) }
            }
        guard let number else { throw XMLError(.badText, offset: offset) }
        return number
    }

    /// The same as `true` or `false` in any case; throws `badText` when it is neither.
    public mutating func bool(of element: Element) throws(XMLError) -> Bool {
        let offset = position
        switch try string(of: element).lowercased() {
        case "true": return true
        case "false": return false
        default: throw XMLError(.badText, offset: offset)
        }
    }

    /// Whether the element's own text is this. Allocates nothing when it is one plain run.
    public mutating func text(of element: Element, is text: StaticString) throws(XMLError) -> Bool {
        let length = text.utf8CodeUnitCount
        switch try content(of: element) {
        case .run(let range):
            return range.count == length
                && document.withUnsafeBufferPointer { $0.has(text, at: range.lowerBound) }
        case .bytes(let bytes):
            return bytes.count == length
                && bytes.withUnsafeBufferPointer { $0.has(text, at: 0) }
        }
    }

    private mutating func content(of element: Element) throws(XMLError) -> Content {
        var run: Range<Int>?
        var built: [UInt8]?
        while depth >= element.depth {
            guard let token = try next() else { break }
            guard depth == element.depth else { continue }
            let range: Range<Int>
            let isPlain: Bool
            switch token {
            case .text(let text):
                range = text
                isPlain = document.withUnsafeBufferPointer {
                    $0.first(Byte.ampersand, from: text.lowerBound, to: text.upperBound) == nil
                }
            case .literal(let literal):
                range = literal
                isPlain = true
            case .start, .end: continue
            }
            if run == nil, built == nil, isPlain {
                run = range
                continue
            }
            var bytes = built ?? []
            built = nil
            if let first = run {
                bytes.append(contentsOf: document[first])
                run = nil
            }
            if isPlain {
                bytes.append(contentsOf: document[range])
            } else {
                try append(range, to: &bytes)
            }
            built = bytes
        }
        if let built { return .bytes(built) }
        return .run(run ?? position..<position)
    }

    /// Appends raw character data with its references replaced.
    public func append(_ raw: Range<Int>, to text: inout [UInt8]) throws(XMLError) {
        try document.withUnsafeBufferPointer { (bytes) throws(XMLError) in
            var index = raw.lowerBound
            while let ampersand = bytes.first(Byte.ampersand, from: index, to: raw.upperBound) {
                text.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[index..<ampersand]))
                index = try XMLReference.append(at: ampersand, to: raw.upperBound, of: bytes, &text)
            }
            text.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[index..<raw.upperBound]))
        }
    }
}

extension UnsafeBufferPointer<UInt8> {
    fileprivate func decimal(_ range: Range<Int>) -> Int64? {
        var from = range.lowerBound
        var to = range.upperBound
        while from < to, Byte.isSpace(self[from]) { from += 1 }
        while to > from, Byte.isSpace(self[to - 1]) { to -= 1 }
        let isNegative = from < to && self[from] == 0x2D
        if isNegative { from += 1 }
        guard from < to else { return nil }
        var number: Int64 = 0
        for index in from..<to {
            let digit = self[index] &- 0x30
            guard digit < 10 else { return nil }
            let (tens, tooBig) = number.multipliedReportingOverflow(by: 10)
            let (sum, overflows) = tens.addingReportingOverflow(Int64(digit))
            guard !tooBig, !overflows else { return nil }
            number = sum
        }
        return isNegative ? -number : number
    }
}
