import Signing
import XML

/// S3's error document, as far as anything here uses it.
struct ErrorBody: Equatable {
    var code: String?
    var message: String?
    var requestID: String?
    var region: String?
    var endpoint: String?
    /// The store's clock, Unix seconds: told with a date that it will not take.
    var serverTime: Int64?

    /// From an answer's body; nil when it is no error document.
    init?(_ body: [UInt8]) {
        // What is no XML is no error document: the status then says what there is to say.
        guard body.contains(where: { $0 == 0x3C }), let root = try? XMLNode(body, countMaximum: 200)
        else { return nil }
        let error: XMLNode
        if root.name == "Error" {
            error = root
        } else if let inner = root["Error"] ?? root["Errors"]?["Error"],
            root.name == "ErrorResponse" || root.name == "Response"
        {
            // What AWS's other services, and proxies in front of them, send.
            error = inner
        } else {
            return nil
        }
        code = error.value("Code")
        message = error.value("Message")
        requestID = error.value("RequestId") ?? root.value("RequestId")
        region = error.value("Region")
        endpoint = error.value("Endpoint")
        serverTime = error.value("ServerTime").flatMap(Timestamps.parseISO8601Milliseconds)
            .map { $0 / 1000 }
    }

    /// Whether the body's first element is `<Error>`: cheap, for answers of success that may be errors.
    static func isError(_ body: [UInt8]) -> Bool {
        var scanner = XMLScanner(body)
        // What is no XML is not this either.
        guard let root = try? scanner.root() else { return false }
        return scanner.name(of: root, is: "Error")
    }

    /// The first line of a body that is no error document, for the message: a proxy's page, a plain refusal.
    static func excerpt(_ body: [UInt8]) -> String {
        let text = body.prefix(300).prefix { $0 != 0x0A && $0 != 0x0D }
        return String(decoding: text.prefix(120), as: UTF8.self)
    }
}

extension XMLNode {
    /// The text of the first child of this name, trimmed; nil when there is none or it is empty.
    func value(_ name: String) -> String? {
        guard let bytes = self[name]?.bytes else { return nil }
        var text = bytes[...]
        while let first = text.first, first <= 0x20 { text.removeFirst() }
        while let last = text.last, last <= 0x20 { text.removeLast() }
        return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
    }
}
