import Signing

extension FunctionRegistry {
    /// The package that a request brings or names, unpacked. The caller holds it.
    func package(
        _ code: FunctionDocuments.Code
    ) async throws(LambdaServiceError) -> PackageStore.Package {
        func refused(_ message: String) -> LambdaServiceError {
            LambdaServiceError(.invalidParameterValue, message)
        }
        if code.ImageUri != nil {
            throw refused("This runtime runs zip packages, and no container images.")
        }
        if let zip = code.ZipFile {
            guard code.S3Bucket == nil, code.S3Key == nil, code.S3ObjectVersion == nil else {
                throw refused(
                    "Please do not provide other FunctionCode parameters when providing a ZipFile."
                )
            }
            return try await store { Base64.decode(zip) }
        }
        guard code.S3Bucket != nil || code.S3Key != nil else {
            throw refused("Please provide a source for function code.")
        }
        guard let bucket = code.S3Bucket, let key = code.S3Key, !key.isEmpty else {
            throw refused("S3Bucket and S3Key are given together, or the package as ZipFile.")
        }
        guard let source = settings.packageSource else {
            throw refused(
                "This runtime reads no buckets: send the package in the request, as ZipFile (with the aws command: --zip-file fileb://package.zip)."
            )
        }
        // A package in a bucket is bounded by what it unpacks to.
        let limit = PackageStore.unzippedMaximum
        let zip = try await source.package(
            at: PackageLocation(bucket: bucket, key: key, version: code.S3ObjectVersion),
            limit: limit)
        return try await store(limit: limit) { zip }
    }

    private func store(
        limit: Int = PackageStore.zippedMaximum, _ zip: @escaping @Sendable () -> [UInt8]?
    ) async throws(LambdaServiceError) -> PackageStore.Package {
        try await packaging { packages throws(LambdaServiceError) in
            guard let bytes = zip() else { throw PackageStore.notUnzipped }
            return try packages.store(zip: bytes, limit: limit)
        }
    }

    /// Work on packages, elsewhere than on the caller's executor, which may be the loop that all requests share.
    func packaging<Value: Sendable>(
        _ work: @escaping @Sendable (PackageStore) throws(LambdaServiceError) -> Value
    ) async throws(LambdaServiceError) -> Value {
        let packages = packages
        return try await Task.detached { () -> Result<Value, LambdaServiceError> in
            do throws(LambdaServiceError) {
                return .success(try work(packages))
            } catch {
                return .failure(error)
            }
        }.value.get()
    }
}
