extension XMLScanner {
    /// Reads up to the root's start tag.
    public mutating func root() throws(XMLError) -> Element {
        // Before the root nothing but its start tag makes a token.
        guard case .start(let element)? = try next() else {
            throw XMLError(.malformed, offset: position)
        }
        return element
    }

    /// Reads up to the root's start tag, which must have this local name.
    public mutating func root(_ name: StaticString) throws(XMLError) -> Element {
        let element = try root()
        guard self.name(of: element, is: name) else {
            throw XMLError(.unexpectedRoot, offset: element.name.lowerBound)
        }
        return element
    }

    /// The next element directly inside `parent`, or nil when `parent` has ended.
    /// Skips text, and what is left of a child that was handed out before.
    public mutating func nextChild(of parent: Element) throws(XMLError) -> Element? {
        while depth >= parent.depth {
            guard let token = try next() else { return nil }
            if case .start(let element) = token, element.depth == parent.depth + 1 {
                return element
            }
        }
        return nil
    }

    /// Reads past the element's end tag.
    public mutating func skip(_ element: Element) throws(XMLError) {
        while depth >= element.depth {
            guard try next() != nil else { return }
        }
    }

    /// Reads to the document's end: throws when the rest is not well-formed.
    public mutating func finish() throws(XMLError) {
        while try next() != nil {}
    }

    /// Whether the local name is this one. Allocates nothing.
    public func name(of element: Element, is name: StaticString) -> Bool {
        let range = element.name
        guard range.count == name.utf8CodeUnitCount, range.upperBound <= document.count else {
            return false
        }
        return document.withUnsafeBufferPointer { $0.has(name, at: range.lowerBound) }
    }

    public func name(of element: Element) -> String {
        String(decoding: document[element.name], as: UTF8.self)
    }
}
