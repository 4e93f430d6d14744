import Transport

extension ReadOptions {
    func apply(to request: inout S3Request) {
        precondition(range == nil || partNumber == nil, "a range or a part, not both")
        if let range { request.add("Range", "bytes=\(range.lowerBound)-\(range.upperBound)") }
        if let partNumber { request.ask("partNumber", String(partNumber)) }
        request.expectedBytes = range.map { $0.upperBound - $0.lowerBound + 1 } ?? expectedBytes
        if let ifMatch { request.add("If-Match", ifMatch.quoted) }
        if checksumMode { request.add("x-amz-checksum-mode", "ENABLED") }
    }

    /// What is wrong with an answer of success to this reading, or nil: a store that knows no ranges or parts
    /// sends the whole object instead.
    func problem(with answer: HTTPResponseHead, _ head: ObjectHead) -> String? {
        if let range {
            let length = range.upperBound - range.lowerBound + 1
            // Some stores say 200 and mean 206: what counts is the range they name.
            if answer.status != 206, answer.headers["content-range"] == nil {
                let isWhole = range.lowerBound == 0 && head.contentLength == length
                return isWhole ? nil : "the whole object came instead of the range asked for"
            }
            guard let value = answer.headers["content-range"], let content = ContentRange(value),
                content.first == range.lowerBound, content.last == range.upperBound
            else { return "another range came than asked for" }
            guard answer.contentLength ?? length == length else {
                return "the range's length is not as asked for"
            }
        } else if let partNumber {
            if answer.status == 206 {
                guard let value = answer.headers["content-range"] else {
                    return "the part's range is missing"
                }
                guard let content = ContentRange(value),
                    content.last - content.first + 1 == head.contentLength
                else { return "the part's range is not its length" }
            } else if partNumber != 1 || head.eTag.partCount ?? 1 > 1 {
                return "the whole object came instead of part \(partNumber)"
            }
        } else if answer.status == 206 {
            return "a part of the object came, and not all of it"
        }
        return nil
    }
}
