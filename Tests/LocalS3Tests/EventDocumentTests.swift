import Testing

@testable import LocalS3

struct EventDocumentTests {
    /// Expected: what Go's `json.Marshal` and `url.QueryEscape` make of the same key.
    @Test(arguments: [
        ("plain", "plain", "plain"),
        ("a b/c+d", "a b/c+d", "a+b%2Fc%2Bd"),
        (" ", " ", "+"),
        ("  a ", "  a ", "++a+"),
        ("ü~_-.", "ü~_-.", "%C3%BC~_-."),
        ("<&>", "\\u003c\\u0026\\u003e", "%3C%26%3E"),
        ("\"\\", "\\\"\\\\", "%22%5C"),
        ("\n\r\t\u{1}\u{7F}", "\\n\\r\\t\\u0001\u{7F}", "%0A%0D%09%01%7F"),
        ("\u{2028}😀", "\\u2028😀", "%E2%80%A8%F0%9F%98%80"),
    ])
    func keysAreWrittenAsGoDoes(key: String, json: String, escaped: String) {
        #expect(EventDocument.queryEscaped(Array(key.utf8)) == escaped)
        var text = JSONText(capacity: 0)
        text.object { $0.member("k", key) }
        #expect(String(decoding: text.bytes, as: UTF8.self) == "{\"k\":\"\(json)\"}")
    }

    @Test(arguments: [
        ("s3:ObjectCreated:Put", "a/b.jpg", true),
        ("s3:ObjectCreated:Put", "a/.jpg", true),
        // The prefix and the suffix may share bytes.
        ("s3:ObjectCreated:Put", "a.jpg", false),
        ("s3:ObjectCreated:Put", "b/a/b.jpg", false),
        ("s3:ObjectCreated:Put", "a/b.jpeg", false),
        ("s3:ObjectCreated:Copy", "a/b.jpg", false),
        ("s3:ObjectRemoved:Delete", "a/b.jpg", true),
        ("s3:ObjectRemoved:DeleteMarkerCreated", "a/b.jpg", true),
    ])
    func aSubscriptionWants(name: String, key: String, isWanted: Bool) throws {
        let one = Subscription(
            id: "1", arn: "arn:minio:sqs::hook:webhook",
            events: ["s3:ObjectCreated:Put", "s3:ObjectRemoved:*"], prefix: Array("a/".utf8),
            suffix: Array(".jpg".utf8))
        let event = try #require(EventName(rawValue: name))
        #expect(one.wants(event, Array(key.utf8)) == isWanted)
        // And after a round through the disk.
        var settings = BucketSettings(createdMilliseconds: 5)
        settings.notifications = [one, one]
        let encoded = settings.encoded()
        #expect(BucketSettings(encoded: encoded) == settings)
        for length in 9..<encoded.count - 1 {
            let cut = BucketSettings(encoded: Array(encoded[..<length]))
            #expect(cut == nil || cut?.notifications.count == 1)
        }
    }

    @Test(arguments: [
        ("arn:minio:sqs::hook:webhook", "hook", ""),
        ("arn:minio:sqs:us-east-1:a-b:webhook", "a-b", "us-east-1"),
        ("arn:minio:sqs::hook:amqp", nil, nil),
        ("arn:minio:sqs:::webhook", nil, nil),
        ("arn:aws:sqs:us-east-1:hook:webhook", nil, nil),
        ("arn:minio:sqs::hook:webhook:", nil, nil),
        ("", nil, nil),
    ])
    func arnsOfWebhooks(arn: String, name: String?, region: String?) {
        #expect(Subscription.webhook(of: arn)?.name == name)
        #expect(Subscription.webhook(of: arn)?.region == region)
    }
}
