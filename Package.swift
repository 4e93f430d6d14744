// swift-tools-version:6.2
import PackageDescription

let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "BucketBrigade",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "brigade", targets: ["brigade"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(
            name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "Transport", dependencies: ["CCurl", log]),
        .target(name: "XML"),
        .target(name: "Signing", dependencies: ["COpenSSL", "Transport", "XML", log]),
        .target(name: "S3", dependencies: ["Transport", "Signing", "XML", log]),
        .target(name: "Lambda", dependencies: ["Transport", log]),
        .target(name: "Replication", dependencies: ["S3", log]),
        .target(
            name: "Functions", dependencies: ["Lambda", "Replication", "S3", "Transport", log],
            path: "Functions",
            exclude: [
                "Reconcile/function.yaml", "Replicate/function.yaml", "Verify/function.yaml",
            ]),
        .target(name: "Listening", dependencies: ["Transport", hummingbird]),
        .target(
            name: "Runtime",
            dependencies: [
                "CZlib", "Lambda", "Listening", "Transport", "Signing", hummingbird, grdb, log,
            ],
            exclude: ["Billing/RATES.md"]),
        .target(
            name: "LocalS3",
            dependencies: ["Listening", "Signing", "Transport", "XML", hummingbird, log]),
        .executableTarget(
            name: "brigade",
            dependencies: [
                "Transport", "Signing", "S3", "Lambda", "Replication", "Functions", "Runtime",
                "LocalS3", argumentParser, yams, log,
            ],
            exclude: ["Configuration/brigade.example.yaml"]),
        .executableTarget(
            name: "RuntimeBench", dependencies: ["Lambda", "Runtime", log],
            path: "Tests/RuntimeBench"),
        .executableTarget(
            name: "FailingFunction", dependencies: ["Lambda", log],
            path: "Tests/FailingFunction"),
        .target(name: "TestSupport", dependencies: ["Transport"], path: "Tests/TestSupport"),
        .testTarget(name: "TransportTests", dependencies: ["Transport", "TestSupport"]),
        .testTarget(name: "SigningTests", dependencies: ["Signing", "TestSupport"]),
        .testTarget(name: "XMLTests", dependencies: ["XML", "TestSupport"]),
        .testTarget(name: "S3Tests", dependencies: ["S3", "LocalS3", "TestSupport"]),
        .testTarget(
            name: "ReplicationTests",
            dependencies: ["Replication", "S3", "LocalS3", "TestSupport"]),
        .testTarget(
            name: "LambdaTests",
            dependencies: [
                "Lambda", "Runtime", "Functions", "Replication", "S3", "LocalS3", "TestSupport",
            ]),
        .testTarget(
            name: "RuntimeTests",
            dependencies: ["Runtime", "Lambda", "Signing", "Transport", "TestSupport"]),
        .testTarget(
            name: "LocalS3Tests",
            dependencies: ["LocalS3", "S3", "Signing", "Transport", "TestSupport"]),
        .testTarget(
            name: "BrigadeTests",
            dependencies: [
                "brigade", "Functions", "Lambda", "Runtime", "Replication", "S3", "TestSupport",
                "Transport", yams,
            ]),
        .testTarget(name: "ArchitectureTests"),
    ]
)

for target in package.targets where target.type != .system {
    target.swiftSettings = [
        .swiftLanguageMode(.v6), .treatAllWarnings(as: .error),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ]
}
