import S3
import Signing

/// A JSON document to be printed: members in the order given, numbers exactly as written.
enum JSONValue: Equatable {
    case null
    case bool(Bool)
    case int(Int64)
    /// The text of a JSON number.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    struct Member: Equatable {
        var name: String
        var value: JSONValue
    }

    static func object(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
        .object(members.map { Member(name: $0.key, value: $0.value) })
    }

    static func int(_ value: Int) -> JSONValue { .int(Int64(value)) }

    static func optional(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    /// A string where the key is UTF-8, else `{"base64": …}`.
    static func key(_ key: ObjectKey) -> JSONValue {
        if let text = String(validating: key.bytes, as: UTF8.self) { return .string(text) }
        return .object(["base64": .string(Base64.encode(key.bytes))])
    }

    /// Seconds with milliseconds.
    static func seconds(_ duration: Duration) -> JSONValue {
        let milliseconds = Int64((Quantity.inSeconds(duration) * 1000).rounded())
        let part = String(milliseconds % 1000)
        let zeros = String(repeating: "0", count: 3 - part.count)
        return .number("\(milliseconds / 1000).\(zeros)\(part)")
    }

    /// On one line.
    var text: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .int(let value): text += String(value)
        case .number(let value): text += value
        case .string(let value): Self.quote(value, to: &text)
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += ", " }
                value.write(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += ", " }
                Self.quote(member.name, to: &text)
                text += ": "
                member.value.write(to: &text)
            }
            text += "}"
        }
    }

    private static func quote(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..."\u{1f}", "\u{7f}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
