// The members are named as AWS names them on the wire.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Foundation
import Signing
import Transport

/// Speaks to the Lambda API of a running `brigade up`, signed with the key pair in its state folder.
struct LambdaClient: Sendable {
    let endpoint: String
    private let credentials: Credentials
    private let region: String
    private let transport: HTTPTransport
    private let signer = RequestSigner(service: "lambda")

    /// - Throws: ``CommandFailure`` with the status `usage` when no `brigade up` has run on the folder.
    init(_ options: RuntimeOptions, transport: HTTPTransport = HTTPTransport())
        throws(CommandFailure)
    {
        let state = StateFolder(option: options.state, environment: Compose.processEnvironment)
        credentials = try Self.credentials(state)
        // None: not running.
        endpoint = options.endpoint ?? Self.line(state.endpoint) ?? "http://127.0.0.1:9010"
        // None: of a release that knew one region.
        region = Self.line(state.region) ?? "us-east-1"
        self.transport = transport
    }

    /// What a file of one line says; nil: there is none.
    private static func line(_ path: String) -> String? {
        // The caller knows what it is when it is not there.
        (try? String(contentsOfFile: path, encoding: .utf8))?
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func credentials(_ state: StateFolder) throws(CommandFailure) -> Credentials {
        let advice = "Start one with `brigade up`, or name its state folder with --state."
        // Told below.
        guard let text = try? String(contentsOfFile: state.credentials, encoding: .utf8) else {
            throw CommandFailure(
                .usage, "no runtime has run on the state folder \(state.path)", advice: advice)
        }
        // Told below, without its text.
        let sections = (try? INIDocument(text).sections) ?? []
        guard let section = sections.first(where: { $0.name == "brigade" }),
            let key = section.values["aws_access_key_id"],
            let secret = section.values["aws_secret_access_key"]
        else {
            throw CommandFailure(
                .usage, "\(state.credentials) has no key pair in a section [brigade]",
                advice: "Move it away and start `brigade up`, which makes a new one.")
        }
        return Credentials(accessKeyID: key, secretAccessKey: secret)
    }

    struct Answer {
        var status: Int
        var headers: HTTPHeaders
        var body: [UInt8]

        func decoded<Value: Decodable>(_ type: Value.Type) throws(CommandFailure) -> Value {
            do {
                return try JSONDecoder().decode(type, from: Data(body))
            } catch {
                throw CommandFailure(
                    .storeRefused, "the runtime's answer cannot be read: \(error)",
                    advice: "Is it a `brigade up` of the same release?")
            }
        }
    }

    private struct Refusal: Decodable {
        var message: String?
        var Message: String?
        var Reason: String?
    }

    /// As the runtime says it; see `LambdaServiceError.ThrottleReason`.
    private static let overBudget = "BudgetExceeded"

    /// - Parameter path: with what must be percent-encoded encoded.
    /// - Throws: ``CommandFailure`` with the status `storeRefused`, worded as the runtime did.
    func send(
        _ method: HTTPMethod, _ path: String, query: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = [], body: [UInt8] = []
    ) async throws(CommandFailure) -> Answer {
        let text = query.map {
            "\(URIEncoding.encode($0.name.utf8, keepSlash: false))=\(URIEncoding.encode($0.value.utf8, keepSlash: false))"
        }.joined(separator: "&")
        let url = endpoint + path + (text.isEmpty ? "" : "?" + text)
        var request = HTTPRequest(method, url, body: body)
        // A function may run for 15 minutes.
        request.timeouts = HTTPTimeouts(connect: .seconds(4), idle: .seconds(910), total: nil)
        let host = String(endpoint.drop { $0 != "/" }.drop { $0 == "/" })
        let encoded = query.map {
            (
                name: URIEncoding.encode($0.name.utf8, keepSlash: false),
                value: URIEncoding.encode($0.value.utf8, keepSlash: false)
            )
        }
        let fields = signer.sign(
            method: method.rawValue, host: host, path: path, query: encoded, headers: headers,
            payload: .of(body), credentials: credentials, region: region, time: Int64(time(nil)))
        for field in headers + fields { request.headers[field.name] = field.value }
        let response: HTTPResponse
        do {
            response = try await transport.send(request)
        } catch {
            throw CommandFailure(
                .storeRefused, "no runtime answers at \(endpoint) (\(error.message))",
                advice: "Is `brigade up` running? Name another place with --endpoint.")
        }
        guard (200..<300).contains(response.head.status) else {
            // It may be no JSON.
            let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(response.body))
            let kind = response.head.headers["x-amzn-ErrorType"] ?? "HTTP \(response.head.status)"
            throw CommandFailure(
                refusal?.Reason == Self.overBudget ? .guardStopped : .storeRefused,
                "the runtime refused: \(refusal?.message ?? refusal?.Message ?? "no reason given") (\(kind))",
                advice: Self.advice(kind, reason: refusal?.Reason))
        }
        return Answer(
            status: response.head.status, headers: response.head.headers, body: response.body)
    }

    /// All pages of a list.
    func pages<Page: ListPage>(_ type: Page.Type, _ path: String) async throws -> [Page] {
        var pages: [Page] = []
        var marker: String?
        repeat {
            let query = marker.map { [(name: "Marker", value: $0)] } ?? []
            let page = try await send(.get, path, query: query).decoded(type)
            pages.append(page)
            marker = page.NextMarker.flatMap { $0.isEmpty ? nil : $0 }
        } while marker != nil
        return pages
    }

    private static func advice(_ kind: String, reason: String?) -> [String] {
        switch kind {
        case "TooManyRequestsException" where reason == overBudget:
            [
                "Raise billing.budget.month in the runtime's brigade.yaml, or hand it to the queue with --event: there it waits."
            ]
        case "ResourceNotFoundException": ["See what there is: brigade functions"]
        case "TooManyRequestsException":
            ["All of the concurrency is in use; send it again, or raise what is reserved for it."]
        default: []
        }
    }

    static func path(_ function: String, _ rest: String = "", version: String = "2015-03-31")
        -> String
    {
        let name = URIEncoding.encode(function.utf8, keepSlash: false)
        return "/\(version)/functions/\(name)" + (rest.isEmpty ? "" : "/\(rest)")
    }
}
