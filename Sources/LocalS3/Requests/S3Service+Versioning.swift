import Signing
import XML

extension S3Service {
    /// A bucket that was never versioned has no status at all.
    func bucketVersioning(_ request: S3Request) throws -> S3Response {
        let versioning = try bucket(request).settings.versioning
        var writer = XMLWriter()
        writer.declaration()
        writer.open("VersioningConfiguration", xmlns: XMLWriter.s3Namespace)
        if versioning != .never {
            writer.element("Status", versioning == .enabled ? "Enabled" : "Suspended")
        }
        writer.close("VersioningConfiguration")
        return S3Response(document: writer)
    }

    func putBucketVersioning(_ request: S3Request, _ body: ReceivedBody) throws -> S3Response {
        let bucket = try bucket(request)
        var status = ""
        var deletesNeedMFA = ""
        do throws(XMLError) {
            var scanner = XMLScanner(body.document)
            let root = try scanner.root("VersioningConfiguration")
            while let child = try scanner.nextChild(of: root) {
                if scanner.name(of: child, is: "Status") {
                    status = try scanner.string(of: child)
                } else if scanner.name(of: child, is: "MfaDelete") {
                    deletesNeedMFA = try scanner.string(of: child)
                } else {
                    try scanner.skip(child)
                }
            }
            try scanner.finish()
        } catch {
            throw S3Failure(.malformedXML)
        }
        guard ["", "Disabled", "Enabled"].contains(deletesNeedMFA) else {
            throw S3Failure(.malformedXML)
        }
        // To pass over it would be to claim that deleting now needs a second factor.
        guard deletesNeedMFA != "Enabled" else { throw S3Failure.notImplemented("MfaDelete") }
        guard !status.isEmpty else {
            throw S3Failure(
                .illegalVersioningConfigurationException,
                "The Versioning element must be specified")
        }
        guard status == "Enabled" || status == "Suspended" else { throw S3Failure(.malformedXML) }
        try bucket.configure { settings in
            guard status == "Enabled" || settings.lock == nil else {
                throw S3Failure(
                    .invalidBucketState,
                    "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed."
                )
            }
            settings.versioning = status == "Enabled" ? .enabled : .suspended
        }
        return S3Response()
    }

    /// - Parameter version: nil in a bucket that never had versions, which answers nothing of them.
    static func versionHeaders(_ version: String?, isDeleteMarker: Bool = false)
        -> [(name: String, value: String)]
    {
        var headers: [(name: String, value: String)] = []
        if isDeleteMarker { headers.append(("x-amz-delete-marker", "true")) }
        if let version { headers.append(("x-amz-version-id", version)) }
        return headers
    }

    static func versionHeaders(of record: ObjectRecord, in bucket: Bucket)
        -> [(name: String, value: String)]
    {
        bucket.settings.versioning == .never ? [] : versionHeaders(record.versionID.text)
    }

    /// Answers a request for an object that meets a delete marker: there is nothing there when it is the current version,
    /// and nothing to read when it is asked for by its id.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html>
    static func deleteMarker(_ record: ObjectRecord, _ request: S3Request) -> S3Failure {
        var failure: S3Failure
        if request.version == nil {
            let key = String(decoding: record.key, as: UTF8.self)
            failure = S3Failure(.noSuchKey, details: [.init(name: .key, value: key)])
        } else {
            failure = S3Failure(
                .methodNotAllowed,
                details: [
                    .init(name: .method, value: request.method.rawValue),
                    .init(name: .resourceType, value: "DeleteMarker"),
                ])
            let date = Timestamps.httpDate(record.modifiedMilliseconds / 1_000)
            failure.headers = [NamedValue("Allow", "DELETE"), NamedValue("Last-Modified", date)]
        }
        for (name, value) in versionHeaders(record.versionID.text, isDeleteMarker: true) {
            failure.headers.append(NamedValue(name, value))
        }
        return failure
    }
}
