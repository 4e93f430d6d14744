import XML

extension S3Service {
    func bucketNotification(_ request: S3Request) throws -> S3Response {
        var writer = XMLWriter()
        writer.declaration()
        writer.open("NotificationConfiguration", xmlns: XMLWriter.s3Namespace)
        for one in try bucket(request).settings.notifications {
            writer.open("QueueConfiguration")
            writer.element("Id", one.id)
            writer.element("Queue", one.arn)
            for event in one.events { writer.element("Event", event) }
            let rules = [("prefix", one.prefix), ("suffix", one.suffix)].filter { !$0.1.isEmpty }
            if !rules.isEmpty {
                writer.open("Filter")
                writer.open("S3Key")
                for (name, value) in rules {
                    writer.open("FilterRule")
                    writer.element("Name", name)
                    writer.element("Value", value)
                    writer.close("FilterRule")
                }
                writer.close("S3Key")
                writer.close("Filter")
            }
            writer.close("QueueConfiguration")
        }
        writer.close("NotificationConfiguration")
        return S3Response(document: writer)
    }

    /// Replaces the configuration as a whole; an empty one sends nothing any more.
    func putBucketNotification(_ request: S3Request, _ body: ReceivedBody) throws -> S3Response {
        let bucket = try bucket(request)
        let notifications = try parseNotifications(body.document)
        try bucket.configure { $0.notifications = notifications }
        return S3Response()
    }

    private func parseNotifications(_ document: [UInt8]) throws(S3Failure) -> [Subscription] {
        let root = try Self.tree(document, "NotificationConfiguration")
        var subscriptions: [Subscription] = []
        for child in root.children {
            guard child.name == "QueueConfiguration" else {
                // To pass over it would be to claim that it is sent.
                throw S3Failure(
                    .notImplemented,
                    "Notifications go to webhooks alone, each a Queue; \(child.name) is not implemented."
                )
            }
            var one = try subscription(child)
            if one.id.isEmpty { one.id = MultipartName.newID() }
            guard !subscriptions.contains(where: { $0.id == one.id }) else {
                throw Self.invalid("Configuration ids must be unique", "Id", one.id)
            }
            subscriptions.append(one)
        }
        return subscriptions
    }

    private func subscription(_ node: XMLNode) throws(S3Failure) -> Subscription {
        guard let arn = node["Queue"]?.text else { throw S3Failure(.malformedXML) }
        let region = configuration.region
        guard let target = Subscription.webhook(of: arn), notifier.webhook(target.name) != nil,
            target.region.isEmpty || target.region == region
        else {
            throw Self.invalid(
                "A specified destination ARN does not exist or is not well-formed. Verify the destination ARN.",
                "Queue", arn)
        }
        let events = node.all("Event").map(\.text)
        guard !events.isEmpty else { throw S3Failure(.malformedXML) }
        for event in events where EventName.matching(event).isEmpty {
            throw Self.invalid("The event is not supported for notifications", "Event", event)
        }
        var subscription = Subscription(id: node["Id"]?.text ?? "", arn: arn, events: events)
        var known: Set<String> = []
        for rule in node["Filter"]?["S3Key"]?.all("FilterRule") ?? [] {
            let name = rule["Name"]?.text.lowercased() ?? ""
            let value = rule["Value"]?.bytes ?? []
            guard name == "prefix" || name == "suffix" else {
                throw Self.invalid(
                    "filter rule name must be either prefix or suffix", "FilterRule.Name", name)
            }
            guard known.insert(name).inserted else {
                throw Self.invalid(
                    "Cannot specify more than one \(name) rule in a filter.", "FilterRule.Name",
                    name)
            }
            guard value.count <= S3Request.keyBytesMaximum else {
                throw Self.invalid(
                    "Size of filter rule value cannot exceed 1024 bytes", "FilterRule.Value", "")
            }
            if name == "prefix" { subscription.prefix = value } else { subscription.suffix = value }
        }
        return subscription
    }

    private static func invalid(_ message: String, _ name: String, _ value: String) -> S3Failure {
        S3Failure.invalidArgument(message, name: name, value: value)
    }
}
