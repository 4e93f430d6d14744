import Signing
import XML

extension S3Service {
    /// The owner of everything: there is one account.
    private static let ownerID = "0000000000000000000000000000000000000000000000000000000000000000"

    static func writeOwner(_ name: StaticString, into writer: inout XMLWriter) {
        writer.open(name)
        writer.element("ID", ownerID)
        writer.element("DisplayName", "local")
        writer.close(name)
    }

    func listBuckets() -> S3Response {
        var writer = XMLWriter()
        writer.declaration()
        writer.open("ListAllMyBucketsResult", xmlns: XMLWriter.s3Namespace)
        Self.writeOwner("Owner", into: &writer)
        writer.open("Buckets")
        for bucket in store.allBuckets() {
            writer.open("Bucket")
            writer.element("Name", bucket.name)
            writer.element(
                "CreationDate",
                Timestamps.iso8601(milliseconds: bucket.settings.createdMilliseconds))
            writer.close("Bucket")
        }
        writer.close("Buckets")
        writer.close("ListAllMyBucketsResult")
        return S3Response(document: writer)
    }

    func createBucket(_ request: S3Request, _ body: ReceivedBody) throws -> S3Response {
        guard BucketName.isValid(request.bucket) else {
            throw S3Failure(
                .invalidBucketName, details: [.init(name: .bucketName, value: request.bucket)])
        }
        try ObjectHeaders.refuseUnsupported(request)
        if !body.document.isEmpty { try checkLocation(body.document) }
        let locks = request.header("x-amz-bucket-object-lock-enabled")?.lowercased() == "true"
        guard try store.createBucket(request.bucket, locks: locks) else {
            // S3 answers 200 in us-east-1 and 409 elsewhere when the bucket is one's own already.
            guard configuration.region == "us-east-1" else {
                throw S3Failure(
                    .bucketAlreadyOwnedByYou,
                    details: [.init(name: .bucketName, value: request.bucket)])
            }
            return created(request)
        }
        return created(request)
    }

    private func created(_ request: S3Request) -> S3Response {
        var response = S3Response()
        response.headers = [("Location", "/" + request.bucket)]
        return response
    }

    private func checkLocation(_ document: [UInt8]) throws(S3Failure) {
        var location: String?
        do throws(XMLError) {
            var scanner = XMLScanner(document)
            let root = try scanner.root("CreateBucketConfiguration")
            while let child = try scanner.nextChild(of: root) {
                if scanner.name(of: child, is: "LocationConstraint") {
                    location = try scanner.string(of: child)
                } else {
                    try scanner.skip(child)
                }
            }
            try scanner.finish()
        } catch {
            throw S3Failure(.malformedXML)
        }
        guard let location, !location.isEmpty, location != configuration.region else { return }
        throw S3Failure(
            .illegalLocationConstraintException,
            "The \(location) location constraint is incompatible for the region specific endpoint this request was "
                + "sent to.")
    }

    func headBucket(_ request: S3Request) throws -> S3Response {
        _ = try bucket(request)
        var response = S3Response()
        response.headers = [("x-amz-bucket-region", configuration.region)]
        return response
    }

    func deleteBucket(_ request: S3Request) throws -> S3Response {
        let bucket = try bucket(request)
        guard try store.removeBucket(bucket) else {
            let isVersioned = bucket.settings.versioning != .never
            throw S3Failure(
                .bucketNotEmpty,
                isVersioned
                    ? "The bucket you tried to delete is not empty. You must delete all versions in the bucket."
                    : nil,
                details: [.init(name: .bucketName, value: request.bucket)])
        }
        return S3Response(.noContent)
    }

    func bucketLocation(_ request: S3Request) throws -> S3Response {
        _ = try bucket(request)
        var writer = XMLWriter()
        writer.declaration()
        writer.open("LocationConstraint", xmlns: XMLWriter.s3Namespace)
        // S3 has no name for the first of its regions here.
        if configuration.region != "us-east-1" { writer.text(configuration.region) }
        writer.close("LocationConstraint")
        return S3Response(document: writer)
    }
}
