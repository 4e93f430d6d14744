import Foundation
import Lambda
import Runtime
import Testing

@testable import brigade

struct BillReportTests {
    private static func tally(_ function: String, _ invocations: Int, billed: Int64)
        -> InvocationTally
    {
        var tally = InvocationTally(function: function, memoryMB: 128)
        tally.invocations = invocations
        tally.billedMilliseconds = billed
        tally.buckets[20] = invocations
        return tally
    }

    @Test func showsOneLineAConnectionAndTheTotal() {
        let statement = Sample.statement(
            usage: [
                Sample.line("minio", "LIST", 13),
                Sample.line("minio", "GET", 12_408, bytesIn: 4_509_715_661),
                Sample.line("aws", "PUT", 12_408, bytesOut: 4_509_715_661),
                Sample.line("aws", "LIST", 13),
            ],
            tallies: [Self.tally("replicate", 12_408, billed: 1_240_800)],
            prices: ["aws": .s3Standard])
        let lines = BillReport.lines(statement)
        #expect(
            lines == [
                "  Run 1-00000000-000000000000000000000000  12,408 invocations · 155.1 GB-seconds",
                "  Lambda    requests $0.00 (12,408 of 1,000,000 free a month), compute $0.002586"
                    + "  $0.002586",
                "  minio     13 LIST  12,408 GET  4.2 GiB out"
                    + String(repeating: " ", count: 36) + "  $0.00",
                "  aws       12,408 PUT  13 LIST  4.2 GiB in"
                    + String(repeating: " ", count: 37) + "  $0.062105",
                "  Total $0.064691 on rate card notes",
            ])
    }

    @Test(arguments: ["a", "offsite", String(repeating: "long-name-", count: 12)])
    func linesFitWhateverTheNamesAndCounts(_ name: String) {
        for count in [0, 1, 1_000_000, Int(1e15)] {
            let classes = ["LIST", "GET", "HEAD", "PUT", "COPY", "DELETE", "OTHER"]
            let usage = [name, name + "2"].flatMap { name in
                classes.map {
                    Sample.line(name, $0, count, bytesIn: .max / 4, bytesOut: .max / 4)
                }
            }
            let statement = Sample.statement(
                usage: usage,
                tallies: [
                    Self.tally("replicate", min(count, 1_000_000_000), billed: Int64(count / 10))
                ],
                card: .lambdaX86)
            let lines = BillReport.lines(statement)
            #expect(lines.filter { $0.count > 100 } == [])
            // Nothing is lost where a line is broken.
            let text = lines.joined(separator: " ")
            for requestClass in classes {
                #expect(text.contains("\(Quantity.count(count)) \(requestClass)"))
            }
        }
    }

    @Test func numbersInJSONAreExact() throws {
        let statement = Sample.statement(
            usage: [Sample.line("aws", "LIST", 1, bytesIn: .max, bytesOut: 3)],
            tallies: [
                Self.tally("replicate", 1_000_001, billed: 12_345),
                // Ten million invocations of 15 minutes.
                Self.tally("reconcile", 10_000_000, billed: 9_000_000_000_000),
            ],
            prices: ["aws": .s3Standard])
        let json = BillReport.json(statement).text
        for part in [
            #""card": "notes", "currency": "USD""#,
            #""gbSeconds": 1.543,"#, #""gbSeconds": 1125000000,"#,
            #""p50Seconds": 1.048576,"#, #""requestCost": 0.0000002,"#,
            #""bytesIn": 9223372036854775807"#, #""cost": 0.000005"#,
        ] { #expect(json.contains(part), "\(part) in \(json)") }
        _ = try JSONSerialization.jsonObject(with: Data(json.utf8))
    }

    /// Powers of two microseconds, none of which a Double may spoil.
    @Test(arguments: 0..<InvocationTally.bucketCount)
    func quantilesAreTheBucketsBounds(_ bucket: Int) {
        var tally = InvocationTally(function: "f", memoryMB: 128)
        tally.invocations = 1
        tally.buckets[bucket] = 1
        let microseconds = Int64(1) << Int64(bucket)
        let expected = Money(picodollars: microseconds * 1_000_000).exactDecimal
        let json = BillReport.json(Sample.statement(tallies: [tally])).text
        #expect(json.contains("\"p50Seconds\": \(expected), \"p99Seconds\": \(expected)"))
    }

    @Test func aFunctionThatNeverRanHasNoQuantile() {
        let tally = InvocationTally(function: "f", memoryMB: 128)
        #expect(
            BillReport.json(Sample.statement(tallies: [tally])).text.contains(
                #""p50Seconds": null"#))
    }
}
