import Foundation
import Functions
import Lambda
import Replication
import Runtime
import S3

@testable import brigade

/// swift-testing has one as well.
typealias ExitStatus = brigade.ExitStatus

/// Values that several tests begin with.
enum Sample {
    static func store(
        _ kind: S3Error.Kind = .accessDenied, connection: String = "offsite", code: String? = nil,
        status: Int? = nil, message: String = "the store's words", attempts: Int = 1,
        elapsed: Duration = .zero, bucket: String? = "photos", operation: String = "PutObject"
    ) -> StoreFailure {
        StoreFailure(
            S3Error(
                kind: kind, operation: operation, connection: connection, bucket: bucket,
                status: status, code: code, message: message, attempts: attempts, elapsed: elapsed))
    }

    static func failure(
        _ key: ObjectKey, _ store: StoreFailure? = nil,
        kind: ReplicationError.Kind = .store, message: String = "it failed"
    ) -> ReconcileFailure {
        ReconcileFailure(key: key, kind: kind.rawValue, message: message, store: store)
    }

    static func line(
        _ connection: String, _ requestClass: String, _ requests: Int, bytesIn: Int64 = 0,
        bytesOut: Int64 = 0
    ) -> InvocationUsage.Line {
        InvocationUsage.Line(
            connection: connection, requestClass: requestClass, requests: requests,
            bytesIn: bytesIn, bytesOut: bytesOut)
    }

    static func statement(
        usage: [InvocationUsage.Line] = [], tallies: [InvocationTally] = [],
        card: RateCard = .notes, prices: [String: StorePrices] = [:]
    ) -> Statement {
        Statement(
            run: "1-00000000-000000000000000000000000", card: card, tallies: tallies,
            usage: usage, prices: prices)
    }

    static func report(
        _ change: (inout ReconcileResult) -> Void = { _ in }
    ) -> TransferReport {
        var result = ReconcileResult()
        result.deletes = .notAsked
        result.tally.sourceObjects = 10
        result.tally.sourceBytes = 2048
        change(&result)
        return TransferReport(result: result, statement: statement(), elapsed: .seconds(38))
    }
}

/// A folder of one test's own, gone with the value.
final class ScratchFolder {
    let path: String

    init() {
        path = NSTemporaryDirectory() + "/brigade-tests-" + UUID().uuidString
        try! FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        // Best effort: it is in the system's folder for such things.
        try? FileManager.default.removeItem(atPath: path)
    }

    func mode(_ name: String) throws -> Int? {
        let attributes = try FileManager.default.attributesOfItem(atPath: path + "/" + name)
        return (attributes[.posixPermissions] as? NSNumber)?.intValue
    }

    func write(_ text: String, _ name: String) throws -> String {
        try text.write(toFile: path + "/" + name, atomically: false, encoding: .utf8)
        return path + "/" + name
    }
}
