import Testing

@testable import brigade

struct ReplicationsTests {
    private func read(_ yaml: String) throws(CommandFailure) -> [ConfiguredReplication] {
        try ConfigurationFile(yaml: yaml, path: "brigade.yaml").replications
    }

    @Test func readsTheLeastThatARuleNeeds() throws {
        let rules = try read(
            """
            replications:
              - name: photos
                from: s3://minio@photos/2026/
                to: s3://offsite@photos-copy
              - { name: b.2_-, from: s3://one, to: [s3://x@two, s3://y@two/p], deletes: quarantine,
                  reconcile: cron(0 2 * * ? *) }
            """)
        #expect(
            rules == [
                ConfiguredReplication(
                    name: "photos",
                    from: .init(connection: "minio", bucket: "photos", prefix: "2026/"),
                    to: [.init(connection: "offsite", bucket: "photos-copy")],
                    reconcile: .init(text: "rate(24 hours)", origin: "brigade.yaml line 2"),
                    origin: "brigade.yaml line 2"),
                ConfiguredReplication(
                    name: "b.2_-", from: .init(bucket: "one"),
                    to: [
                        .init(connection: "x", bucket: "two"),
                        .init(connection: "y", bucket: "two", prefix: "p"),
                    ],
                    deletes: .quarantine,
                    reconcile: .init(text: "cron(0 2 * * ? *)", origin: "brigade.yaml line 6"),
                    origin: "brigade.yaml line 5"),
            ])
    }
}
