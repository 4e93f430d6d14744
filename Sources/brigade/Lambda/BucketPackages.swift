import Runtime
import S3
import Transport

/// Deployment packages in the buckets of the connections: `S3Bucket` is `BUCKET`, at AWS's own chain, or
/// `CONNECTION@BUCKET`.
struct BucketPackages: PackageSource {
    let book: ConnectionBook
    let transport: HTTPTransport

    private static let wayOut =
        "Name a connection's bucket as S3Bucket=CONNECTION@BUCKET, or send the package as ZipFile."

    func package(
        at location: PackageLocation, limit: Int
    ) async throws(LambdaServiceError) -> [UInt8] {
        guard !location.bucket.utf8.contains(UInt8(ascii: "/")) else {
            throw Self.refused("a bucket's name holds no \"/\". \(Self.wayOut)")
        }
        let place: S3Location
        do throws(ConnectionError) {
            place = try S3Location.parse("s3://\(location.bucket)")
        } catch {
            throw Self.refused("\(error.problem). \(Self.wayOut)")
        }
        let connection: S3Connection
        do throws(CommandFailure) {
            connection = try book.connection(place.connection, transport: transport)
        } catch {
            throw Self.refused(
                ([error.message] + error.advice + [Self.wayOut]).joined(separator: " "))
        }
        let client = S3Client(connection, transport: transport, retry: Preflight.retry)
        do throws(S3Error) {
            return try await client.getObject(
                ObjectAddress(
                    bucket: place.bucket, key: ObjectKey(location.key),
                    versionID: location.version),
                limitBytes: limit
            ).body
        } catch {
            throw Self.refusal(error, limit)
        }
    }

    /// Source of the words: recorded refusals of the service.
    private static func refusal(_ error: S3Error, _ limit: Int) -> LambdaServiceError {
        if error.kind == .tooLarge {
            return refused("Zipped size must be smaller than \(limit) bytes")
        }
        var text = "Error occurred while GetObject. "
        if let code = error.code {
            text += "S3 Error Code: \(code). S3 Error Message: \(error.message)"
        } else {
            text += error.description
        }
        guard error.kind != .noSuchKey else { return refused(text) }
        return refused(
            "\(text) (connection \(error.connection)\(error.hint.map { ": " + $0 } ?? "")). \(wayOut)"
        )
    }

    private static func refused(_ message: String) -> LambdaServiceError {
        LambdaServiceError(.invalidParameterValue, message)
    }
}
