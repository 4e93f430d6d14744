import Signing

/// The conditions of a request on the object that is there.
///
/// Source: RFC 9110 section 13.2.2, and
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html>
enum Conditions {
    /// Which headers: those of the request itself, or those on a copy's source.
    enum Subject {
        case object, copySource

        func name(_ header: String) -> String {
            self == .object ? header : "x-amz-copy-source-" + header
        }
    }

    /// Whether an object may be read.
    ///
    /// - Parameter now: Unix milliseconds.
    /// - Throws: ``S3Failure``: `PreconditionFailed`, or `NotModified` when the request only wants what is new.
    static func checkRead(
        _ request: S3Request, _ record: ObjectRecord, _ subject: Subject, now: Int64
    ) throws(S3Failure) {
        let seconds = record.modifiedMilliseconds / 1_000
        if let wanted = request.header(subject.name("if-match")) {
            guard matches(wanted, record.etag) else { throw failed("If-Match", subject) }
        } else if let date = date(request, subject.name("if-unmodified-since")) {
            guard seconds <= date else { throw failed("If-Unmodified-Since", subject) }
        }
        if let unwanted = request.header(subject.name("if-none-match")) {
            guard !matches(unwanted, record.etag) else {
                throw notModified(subject, record, "If-None-Match")
            }
        } else if let date = date(request, subject.name("if-modified-since")), date <= now / 1_000 {
            // A time that is yet to come says nothing.
            guard seconds > date else { throw notModified(subject, record, "If-Modified-Since") }
        }
    }

    /// Whether an object may be replaced: `If-None-Match: *` or `If-Match` with an entity tag.
    ///
    /// - Throws: ``S3Failure``: `PreconditionFailed`, `NoSuchKey` for If-Match without an object, `NotImplemented`.
    static func checkWrite(_ request: S3Request, _ existing: ObjectRecord?) throws(S3Failure) {
        let unwanted = request.header("if-none-match")
        let wanted = request.header("if-match")
        if let unwanted {
            guard unwanted == "*" else { throw S3Failure.notImplemented("If-None-Match") }
            guard wanted == nil else {
                throw S3Failure.notImplemented("If-Match,If-None-Match")
            }
            guard existing == nil else { throw failed("If-None-Match") }
        }
        if let wanted {
            guard wanted != "*" else { throw S3Failure.notImplemented("If-Match") }
            guard let existing else { throw S3Failure(.noSuchKey) }
            guard matches(wanted, existing.etag) else { throw failed("If-Match") }
        }
    }

    /// Whether an object may be deleted: `If-Match`; an object that is not there fails it.
    static func checkDelete(_ request: S3Request, _ existing: ObjectRecord?) throws(S3Failure) {
        guard let wanted = request.header("if-match") else { return }
        guard let existing else { throw S3Failure(.noSuchKey) }
        guard matches(wanted, existing.etag) else { throw failed("If-Match") }
    }

    /// Whether a list of entity tags, quoted or not, names this one. `*` names any.
    static func matches(_ list: String, _ etag: ETag) -> Bool {
        let text = etag.text
        return list.split(separator: ",").contains { item in
            var item = item.drop { $0 == " " }
            if item.hasPrefix("W/") { item = item.dropFirst(2) }
            while let last = item.last, last == " " || last == "\"" { item.removeLast() }
            if item.first == "\"" { item.removeFirst() }
            return item == "*" || item == text
        }
    }

    private static func date(_ request: S3Request, _ name: String) -> Int64? {
        guard let text = request.header(name) else { return nil }
        return Timestamps.parseHTTPDate(text)
            ?? Timestamps.parseISO8601Milliseconds(text).map { $0 / 1_000 }
    }

    private static func failed(_ condition: String, _ subject: Subject = .object) -> S3Failure {
        let name = subject == .object ? condition : "x-amz-copy-source-" + condition
        return S3Failure(.preconditionFailed, details: [.init(name: .condition, value: name)])
    }

    private static func notModified(_ subject: Subject, _ record: ObjectRecord, _ name: String)
        -> S3Failure
    {
        guard subject == .object else { return failed(name, subject) }
        var failure = S3Failure(.notModified, "Not Modified")
        failure.headers = [
            NamedValue("ETag", record.etag.quoted),
            NamedValue("Last-Modified", Timestamps.httpDate(record.modifiedMilliseconds / 1_000)),
        ]
        return failure
    }
}
