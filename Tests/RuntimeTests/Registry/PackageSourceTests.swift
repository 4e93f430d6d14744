import Signing
import Testing
import Transport

@testable import Runtime

/// Packages that a request names in place of bringing them.
@Suite struct PackageSourceTests {
    private struct Bucket: PackageSource {
        let asked = Locked<[PackageLocation]>([])

        func package(
            at location: PackageLocation, limit: Int
        ) async throws(LambdaServiceError) -> [UInt8] {
            asked.withLock { $0.append(location) }
            return TestZip.package(location.key)
        }
    }

    @Test func aPackageIsReadFromTheSource() async throws {
        let bucket = Bucket()
        let stage = try await RegistryStage(packageSource: bucket)
        var settings = RegistryStage.settings("f")
        settings.Code = .init(S3Bucket: "c@b", S3Key: "first", S3ObjectVersion: "v")
        let made = try await stage.registry.create(settings)
        await stage.registry.settleNow("f", made.RevisionId)
        _ = try await stage.registry.updateCode("f", .init(S3Bucket: "c@b", S3Key: "second"))
        #expect(
            bucket.asked.withLock { $0 } == [
                PackageLocation(bucket: "c@b", key: "first", version: "v"),
                PackageLocation(bucket: "c@b", key: "second"),
            ])
        #expect(await stage.packageNames() == [RegistryStage.packageName("second")])
    }

    @Test func whatIsNoSourceIsRefusedWithTheWayOut() async throws {
        let stage = try await RegistryStage()
        for (code, part) in [
            (FunctionDocuments.Code(S3Bucket: "b", S3Key: "k"), "--zip-file fileb://package.zip"),
            (.init(S3Bucket: "b"), "S3Bucket and S3Key are given together"),
            (.init(), "Please provide a source for function code."),
            (
                .init(ZipFile: "", S3Bucket: "b"),
                "Please do not provide other FunctionCode parameters when providing a ZipFile."
            ),
        ] {
            var settings = RegistryStage.settings("f")
            settings.Code = code
            let given = settings
            let refused = await refusal { try await stage.registry.create(given) }
            #expect(refused?.kind == .invalidParameterValue)
            #expect(refused?.message.contains(part) == true, "\(String(describing: refused))")
        }
    }
}
