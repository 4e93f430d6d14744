import Transport
import XML

extension S3Client {
    /// All buckets of the account, in the store's order.
    public func listBuckets() async throws(S3Error) -> [String] {
        var names: [String] = []
        var token: String?
        repeat {
            var request = S3Request("ListBuckets", .list, .get)
            if let token { request.ask("continuation-token", token) }
            let root = try document(try await perform(request), request)
            names += root["Buckets"]?.all("Bucket").compactMap { $0.value("Name") } ?? []
            let next = root.value("ContinuationToken")
            guard next == nil || next != token else {
                throw malformed(request, "the listing does not go on")
            }
            token = next
        } while token != nil
        return names
    }

    public func headBucket(_ bucket: String) async throws(S3Error) {
        _ = try await perform(S3Request("HeadBucket", .head, .head, bucket: bucket))
        state.noteSeen(bucket: bucket)
    }

    /// Creates a bucket in the connection's region. One that exists already is `conflict`.
    public func createBucket(_ bucket: String, objectLock: Bool = false) async throws(S3Error) {
        var request = S3Request("CreateBucket", .put, .put, bucket: bucket)
        request.retriesConflict = false
        if objectLock { request.add("x-amz-bucket-object-lock-enabled", "true") }
        let plain = request
        // Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucketConfiguration.html
        let region = connection.region
        guard region != "us-east-1", !region.isEmpty else {
            _ = try await perform(plain)
            return
        }
        var writer = XMLWriter()
        writer.open("CreateBucketConfiguration", xmlns: XMLWriter.s3Namespace)
        writer.element("LocationConstraint", region)
        writer.close("CreateBucketConfiguration")
        request.send(xml: writer.bytes)
        do throws(S3Error) {
            _ = try await perform(request)
        } catch {
            // Where regions are only names to sign with, they are no places for buckets.
            guard error.code == "InvalidLocationConstraint" else { throw error }
            _ = try await perform(plain)
        }
    }

    /// The bucket must be empty, of versions and delete markers too; else `conflict`.
    public func deleteBucket(_ bucket: String) async throws(S3Error) {
        var request = S3Request("DeleteBucket", .delete, .delete, bucket: bucket)
        request.retriesConflict = false
        _ = try await perform(request)
    }

    /// "Enabled", "Suspended" or nil.
    public func versioning(_ bucket: String) async throws(S3Error) -> String? {
        var request = S3Request("GetBucketVersioning", .other, .get, bucket: bucket)
        request.ask("versioning")
        do throws(S3Error) {
            return try document(try await perform(request), request).value("Status")
        } catch {
            if error.kind == .notSupported { learn { $0.versioning = .no } }
            throw error
        }
    }

    public func setVersioning(_ bucket: String, enabled: Bool) async throws(S3Error) {
        var request = S3Request("PutBucketVersioning", .other, .put, bucket: bucket)
        request.ask("versioning")
        var writer = XMLWriter()
        writer.open("VersioningConfiguration", xmlns: XMLWriter.s3Namespace)
        writer.element("Status", enabled ? "Enabled" : "Suspended")
        writer.close("VersioningConfiguration")
        request.send(xml: writer.bytes)
        _ = try await perform(request)
    }

    /// nil when the bucket has no object lock.
    public func objectLockConfiguration(
        _ bucket: String
    ) async throws(S3Error) -> ObjectLockConfiguration? {
        var request = S3Request("GetObjectLockConfiguration", .other, .get, bucket: bucket)
        request.ask("object-lock")
        do throws(S3Error) {
            let root = try document(try await perform(request), request)
            let rule = root["Rule"]?["DefaultRetention"]
            return ObjectLockConfiguration(
                isEnabled: root.value("ObjectLockEnabled") == "Enabled",
                defaultMode: rule?.value("Mode").flatMap(ObjectLock.Mode.init(rawValue:)),
                defaultDays: rule?.value("Days").flatMap { Int($0) },
                defaultYears: rule?.value("Years").flatMap { Int($0) })
        } catch {
            if error.code == "ObjectLockConfigurationNotFoundError" { return nil }
            if error.kind == .notSupported { learn { $0.objectLock = .no } }
            throw error
        }
    }

    /// The answer's document.
    ///
    /// - Parameter root: the root it must have where a store that knows not the operation would send an object instead.
    ///   nil elsewhere: stores name some roots in their own way.
    func document(
        _ response: HTTPResponse, _ request: S3Request, _ root: String? = nil
    ) throws(S3Error) -> XMLNode {
        let node: XMLNode
        do throws(XMLError) {
            node = try XMLNode(response.body, countMaximum: 100_000)
        } catch {
            throw malformed(request, error.description)
        }
        guard root.map({ $0 == node.name }) ?? (node.name != "html") else {
            throw malformed(
                request, "the answer is a \(node.name), not a \(root ?? "document of S3")")
        }
        return node
    }
}
