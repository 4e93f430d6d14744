import FoundationEssentials
import Signing

/// One request to an operation: what its path, query and body say.
struct LambdaCall: Sendable {
    let request: APIRequest
    /// Of the path, decoded.
    let parameters: [String]

    init(_ request: APIRequest, _ parameters: [String]) {
        self.request = request
        self.parameters = parameters
    }

    /// The function's name as it was given: bare, qualified or an ARN.
    var function: String { parameters[0] }

    /// The first value of a parameter of the query, decoded.
    func query(_ name: String) -> String? { queries(name).first }

    func queries(_ name: String) -> [String] {
        request.query.queryParameters.compactMap { parameter in
            Self.decoded(parameter.name) == name ? Self.decoded(parameter.value) : nil
        }
    }

    /// An empty one is none.
    var qualifier: String? { query("Qualifier").flatMap { $0.isEmpty ? nil : $0 } }

    /// The body as a document; an empty one counts as `{}`.
    func body<Document: Decodable>(_ type: Document.Type) throws(LambdaServiceError) -> Document {
        let bytes = request.body.isEmpty ? Array("{}".utf8) : request.body
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch DecodingError.keyNotFound(let key, _) {
            let name = key.stringValue.prefix(1).lowercased() + key.stringValue.dropFirst()
            throw LambdaServiceError(
                .validation,
                "1 validation error detected: Value null at '\(name)' failed to satisfy constraint: Member must not be null"
            )
        } catch let error as LambdaServiceError {
            throw error
        } catch {
            throw LambdaServiceError(
                .invalidRequestContent,
                "Could not parse request body into json: \(Self.words(error))")
        }
    }

    private static func words(_ error: any Error) -> String {
        switch error {
        case DecodingError.typeMismatch(_, let context),
            DecodingError.valueNotFound(_, let context),
            DecodingError.dataCorrupted(let context):
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return path.isEmpty ? context.debugDescription : "\(path): \(context.debugDescription)"
        default: return "\(error)"
        }
    }

    static func decoded(_ text: some StringProtocol) -> String? {
        URIEncoding.decode(String(text), plusIsSpace: false).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    static func answer(_ status: Int, _ document: some Encodable) -> APIAnswer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        // Documents are made of strings, numbers and collections of them, which always encode.
        let body = (try? encoder.encode(document)).map { Array($0) } ?? Array("{}".utf8)
        return APIAnswer(status, headers: [("Content-Type", "application/json")], body: body)
    }
}
