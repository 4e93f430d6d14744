extension LocalS3Configuration {
    /// - Throws: ``LocalS3Error`` `.invalidNotification`, which says what is wrong with which one.
    func checkNotifications() throws(LocalS3Error) {
        var names: Set<String> = []
        for webhook in webhooks {
            guard LocalS3Webhook.isName(webhook.name) else {
                throw refuse("\"\(webhook.name)\" is no name for a webhook")
            }
            guard names.insert(webhook.name).inserted else {
                throw refuse("two webhooks are called \(webhook.name)")
            }
            let rest = webhook.url.firstRange(of: "://").map { webhook.url[$0.upperBound...] }
            let isHTTP = webhook.url.hasPrefix("http://") || webhook.url.hasPrefix("https://")
            guard isHTTP, let host = rest?.prefix(while: { $0 != "/" && $0 != "?" }),
                !host.isEmpty
            else { throw refuse("the webhook \(webhook.name) needs an http or https URL") }
            guard !host.contains("@") else {
                throw refuse(
                    "the URL of the webhook \(webhook.name) holds a name or a password; other"
                        + " users of the machine could read it")
            }
        }
        for one in notifications {
            guard BucketName.isValid(one.bucket) else {
                throw LocalS3Error(.invalidBucketName, one.bucket)
            }
            guard names.contains(one.webhook) else {
                throw refuse(
                    names.isEmpty
                        ? "the notifications of \(one.bucket) have no webhook to go to"
                        : "the notifications of \(one.bucket) name no webhook that is there: \(one.webhook)"
                )
            }
            for event in one.events where EventName.matching(event).isEmpty {
                throw refuse("\(event) is no event that \(one.bucket) can tell of")
            }
        }
    }

    private func refuse(_ problem: String) -> LocalS3Error {
        LocalS3Error(.invalidNotification, problem)
    }
}
