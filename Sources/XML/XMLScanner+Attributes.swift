extension XMLScanner {
    /// The element's attributes by local name, references replaced, namespace declarations left out.
    /// - Throws: ``XMLError`` `malformed` for anything but `name="value"` pairs.
    public func attributes(of element: Element) throws(XMLError) -> [String: String] {
        var attributes: [String: String] = [:]
        var index = element.attributes.lowerBound
        let end = element.attributes.upperBound
        while true {
            while index < end, Byte.isSpace(document[index]) { index += 1 }
            guard index < end else { return attributes }
            let nameStart = index
            var localStart = index
            while index < end, !Byte.endsName(document[index]) {
                if document[index] == Byte.colon { localStart = index + 1 }
                index += 1
            }
            let nameEnd = index
            while index < end, Byte.isSpace(document[index]) { index += 1 }
            guard localStart < nameEnd, index < end, document[index] == Byte.equals else {
                throw XMLError(.malformed, offset: index)
            }
            index += 1
            while index < end, Byte.isSpace(document[index]) { index += 1 }
            guard index < end,
                document[index] == Byte.doubleQuote || document[index] == Byte.singleQuote,
                let close = document[(index + 1)..<end].firstIndex(of: document[index])
            else { throw XMLError(.malformed, offset: index) }
            var value: [UInt8] = []
            try append(index + 1..<close, to: &value)
            index = close + 1
            let full = document[nameStart..<nameEnd]
            if full.starts(with: "xmlns".utf8), full.count == 5 || full[nameStart + 5] == Byte.colon
            {
                continue
            }
            let name = String(decoding: document[localStart..<nameEnd], as: UTF8.self)
            attributes[name] = String(decoding: value, as: UTF8.self)
        }
    }
}
