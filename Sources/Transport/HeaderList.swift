import CCurl

/// The header fields of one request as the linked list that libcurl reads, in two blocks of memory that
/// are used again: `curl_slist_append` would take two allocations for each field.
struct HeaderList: ~Copyable {
    private var text: UnsafeMutableBufferPointer<CChar> = .allocate(capacity: 2048)
    private var nodes: UnsafeMutableBufferPointer<curl_slist> = .allocate(capacity: 32)
    private var offsets: [Int] = []
    private var used = 0

    deinit {
        text.deallocate()
        nodes.deallocate()
    }

    mutating func fill(_ headers: HTTPHeaders, hasBody: Bool, isStreamed: Bool, asksFirst: Bool) {
        used = 0
        offsets.removeAll(keepingCapacity: true)
        var hasContentType = false
        var hasExpect = false
        headers.forEachField { field in
            if field.isNamed("content-length") { return }
            if field.isNamed("content-type") { hasContentType = true }
            if field.isNamed("expect") { hasExpect = true }
            offsets.append(used)
            append(field.nameBytes)
            // libcurl takes "Name:" as "do not send Name", also before what C calls space, and "Name;" as an empty value.
            if field.valueBytes.allSatisfy({ $0 == 0x20 || (0x09...0x0D).contains($0) }) {
                append(";")
            } else {
                append(": ")
                append(field.valueBytes)
            }
            end()
        }
        if hasBody && !isStreamed && !hasContentType {
            // libcurl would call it a form.
            add("Content-Type:")
        }
        if isStreamed && !hasExpect && !asksFirst {
            // libcurl asks first by itself, and takes that back when the answer is 417: a field of ours would stay.
            add("Expect:")
        }
    }

    /// The list stays valid until the next `fill`.
    mutating func withList(_ body: (UnsafeMutablePointer<curl_slist>?) -> Void) {
        if nodes.count < offsets.count {
            nodes.deallocate()
            nodes = .allocate(capacity: offsets.count * 2)
        }
        guard let text = text.baseAddress, let first = nodes.baseAddress, !offsets.isEmpty else {
            body(nil)
            return
        }
        for (index, offset) in offsets.enumerated() {
            let isLast = index == offsets.count - 1
            (first + index).initialize(
                to: curl_slist(data: text + offset, next: isLast ? nil : first + index + 1))
        }
        body(first)
    }

    private mutating func add(_ line: StaticString) {
        offsets.append(used)
        append(line)
        end()
    }

    private mutating func end() {
        reserve(1)
        text[used] = 0
        used += 1
    }

    private mutating func append(_ part: StaticString) {
        append(UnsafeRawBufferPointer(start: part.utf8Start, count: part.utf8CodeUnitCount))
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        reserve(bytes.count)
        UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(text)[used...])
            .copyMemory(from: bytes)
        used += bytes.count
    }

    private mutating func reserve(_ count: Int) {
        guard used + count > text.count else { return }
        let larger = UnsafeMutableBufferPointer<CChar>.allocate(
            capacity: max(text.count * 2, used + count))
        UnsafeMutableRawBufferPointer(larger).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text)[..<used]))
        text.deallocate()
        text = larger
    }
}
