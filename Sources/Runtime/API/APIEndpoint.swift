/// What answers at one path of the listener beside the Lambda API.
public struct APIEndpoint: Sendable {
    /// Bytes of a body, at most.
    var bodyLimit: Int
    /// Looks at a request's head: who may not ask is refused before the body is read.
    var admit: @Sendable (APIRequest) throws(APIRefusal) -> Void
    var answer: @Sendable (APIRequest) async -> APIAnswer

    init(
        bodyLimit: Int = 0,
        admit: @escaping @Sendable (APIRequest) throws(APIRefusal) -> Void = { _ in },
        answer: @escaping @Sendable (APIRequest) async -> APIAnswer
    ) {
        self.bodyLimit = bodyLimit
        self.admit = admit
        self.answer = answer
    }
}

/// All that one listener answers: endpoints by their path, and the Lambda API at every other.
struct ListenerResponder: APIResponder {
    let api: LambdaAPI
    let endpoints: [String: APIEndpoint]

    func admit(_ head: APIRequest) throws(APIRefusal) -> APIAdmission {
        guard let endpoint = endpoints[head.path] else { return try api.admit(head) }
        try endpoint.admit(head)
        return APIAdmission(
            bodyLimit: endpoint.bodyLimit, claim: nil, target: .endpoint(head.path))
    }

    func tooLarge(_ head: APIRequest, _ admission: APIAdmission, size: Int) -> APIAnswer {
        guard case .endpoint = admission.target else {
            return api.tooLarge(head, admission, size: size)
        }
        return .text(413, "The body is larger than \(admission.bodyLimit) bytes.")
    }

    func answer(_ request: APIRequest, _ admission: APIAdmission) async -> APIAnswer {
        guard case .endpoint(let path) = admission.target, let endpoint = endpoints[path] else {
            return await api.answer(request, admission)
        }
        return await endpoint.answer(request)
    }
}

extension APIAnswer {
    static func text(_ status: Int, _ text: String) -> APIAnswer {
        APIAnswer(
            status, headers: [("content-type", "text/plain; charset=utf-8")],
            body: Array("\(text)\n".utf8))
    }
}
