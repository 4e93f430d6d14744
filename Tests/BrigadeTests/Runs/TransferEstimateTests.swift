import Replication
import S3
import Signing
import Testing
import Transport

@testable import brigade

struct TransferEstimateTests {
    private func estimate(concurrency: Int = 10, latency: Duration = .milliseconds(100))
        -> TransferEstimate
    {
        TransferEstimate(
            source: "here", destination: "there", concurrency: concurrency, latency: latency)
    }

    @Test(
        arguments: [
            (0, 1, 1), (1, 1, 1), (16 << 20, 1, 1), (16 << 20 + 1, 4, 2), (160 << 20, 12, 10),
        ] as [(Int64, Int, Int)])
    func countsTheRequestsOfACopy(_ bytes: Int64, _ puts: Int, _ gets: Int) {
        var estimate = estimate()
        estimate.add(Outcome(action: .copied, reason: "", bytes: bytes))
        #expect(estimate.puts == puts)
        #expect(estimate.gets == gets)
        #expect(estimate.bytes == bytes)
    }

    @Test func chargesEachSideItsOwn() {
        var estimate = estimate()
        for action in [Action.copied, .updated, .updated, .deleted, .skipped] {
            estimate.add(Outcome(action: action, reason: ""))
        }
        #expect(estimate.objects == 4)
        #expect(
            estimate.usage == [
                Sample.line("here", "GET", 1), Sample.line("there", "PUT", 1),
                Sample.line("there", "COPY", 2), Sample.line("there", "DELETE", 1),
            ])
        #expect(self.estimate().usage == [])
    }

    @Test func takesTheLongerOfTurnsAndBytes() {
        var estimate = estimate()
        estimate.puts = 1000
        #expect(estimate.duration == .seconds(30))
        estimate.bytes = 100 * 100 << 20
        #expect(estimate.duration == .seconds(100))
        #expect(self.estimate(concurrency: 0, latency: .zero).duration == .zero)
    }
}

struct OverlapTests {
    private struct NoCredentials: CredentialsProvider {
        var origin: String { "the test" }
        func credentials() async throws -> Credentials { throw CancellationError() }
    }

    private static let transport = HTTPTransport(TransportConfiguration())

    private func place(_ text: String) -> Place {
        let parts = text.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        let connection = S3Connection(
            name: parts[0], scheme: parts[1], authority: parts[2], credentials: NoCredentials(),
            origin: "the test")
        return Place(
            client: S3Client(connection, transport: Self.transport), bucket: parts[3],
            prefix: ObjectKey(parts[4]))
    }

    @Test(
        arguments: [
            ("a|http|h:1|b|", "a|http|h:1|b|", "the source and the destination are the same"),
            ("a|http|h:1|b|x/", "z|http|h:1|b|x/", "the source and the destination are the same"),
            ("a|http|h:1|b|", "a|http|h:1|b|copy/", "the destination is inside the source"),
            ("a|http|h:1|b|x/", "a|http|h:1|b|x/y/", "the destination is inside the source"),
            ("a|http|h:1|b|x/y/", "a|http|h:1|b|x/", "the source is inside the destination"),
            ("a|http|h:1|b|x/", "a|http|h:1|b|", "the source is inside the destination"),
            ("a|http|h:1|b|x/", "a|http|h:1|b|x2/", nil), ("a|http|h:1|b|", "a|http|h:1|c|", nil),
            ("a|http|h:1|b|", "a|http|h:2|b|", nil), ("a|http|h:1|b|", "a|http|i:1|b|", nil),
        ] as [(String, String, String?)])
    func placesThatOverlapAreRefused(_ one: String, _ other: String, _ problem: String?) throws {
        #expect(Preflight.overlap(place(one), place(other)) == problem)
        let sides = [one, other].map { text in
            let place = place(text)
            return Preflight.Side(
                place: place, client: place.client,
                location: S3Location(connection: nil, bucket: place.bucket, prefix: place.prefix))
        }
        func refuse() throws { try TransferRun.refuseOverlap(sides, "s3://one", "s3://other") }
        guard let problem else { return try refuse() }
        let failure = try #require(throws: CommandFailure.self) { try refuse() }
        #expect(failure.status == .usage)
        #expect(failure.message == "\(problem): s3://one and s3://other")
    }
}
