import FoundationEssentials
import Signing

/// Invoke, InvokeWithResponseStream and InvokeAsync.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
public struct InvocationRoutes: Sendable {
    private let service: any InvocationService
    /// Takes names apart: bare, qualified, ARNs.
    private let reference:
        @Sendable (_ function: String, _ qualifier: String?) throws(LambdaServiceError) -> (
            name: String, qualifier: String?
        )

    public init(
        service: any InvocationService,
        reference:
            @escaping @Sendable (String, String?) throws(LambdaServiceError) -> (
                name: String, qualifier: String?
            )
    ) {
        self.service = service
        self.reference = reference
    }

    public var routes: [LambdaRoute] {
        [
            LambdaRoute("Invoke", "POST", "/2015-03-31/functions/*/invocations", limit: .invocation)
            {
                call throws(LambdaServiceError) in try await invoke(call)
            },
            LambdaRoute(
                "InvokeWithResponseStream", "POST",
                "/2021-11-15/functions/*/response-streaming-invocations", limit: .streamedInvocation
            ) {
                call throws(LambdaServiceError) in try await invokeWithStream(call)
            },
            LambdaRoute(
                "InvokeAsync", "POST", "/2014-11-13/functions/*/invoke-async",
                limit: .asynchronousInvocation
            ) {
                call throws(LambdaServiceError) in
                var request = try request(call)
                request.type = .event
                _ = try await service.invoke(request)
                return APIAnswer(202, headers: [("Content-Type", "application/json")])
            },
        ]
    }

    /// - Parameter isStreamed: of InvokeWithResponseStream, which takes no events.
    private func request(
        _ call: LambdaCall, isStreamed: Bool = false
    ) throws(LambdaServiceError) -> InvocationRequest {
        let target = try reference(call.function, call.qualifier)
        let name = call.request.header("x-amz-invocation-type") ?? "RequestResponse"
        guard let type = InvocationRequest.InvocationType(rawValue: name),
            !isStreamed || type != .event
        else {
            let types = isStreamed ? "RequestResponse, DryRun" : "Event, RequestResponse, DryRun"
            throw LambdaServiceError(
                .validation,
                "1 validation error detected: Value '\(name)' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [\(types)]"
            )
        }
        var context: [UInt8]?
        if let text = call.request.header("x-amz-client-context") {
            guard let bytes = Base64.decode(text), JSONText.isValid(bytes) else {
                throw LambdaServiceError(
                    .invalidRequestContent,
                    "Client context must be a valid Base64-encoded JSON object.")
            }
            context = bytes
        }
        let payload = call.request.body
        guard payload.isEmpty || JSONText.isValid(payload) else {
            throw LambdaServiceError(
                .invalidRequestContent,
                "Could not parse request body into json: Could not parse payload into json: the payload is not valid JSON"
            )
        }
        return InvocationRequest(
            functionName: target.name, qualifier: target.qualifier, type: type, payload: payload,
            clientContext: context,
            wantsLogTail: call.request.header("x-amz-log-type") == "Tail",
            traceHeader: call.request.header("x-amzn-trace-id"))
    }

    private func invoke(_ call: LambdaCall) async throws(LambdaServiceError) -> APIAnswer {
        let response = try await service.invoke(request(call))
        var headers: [(name: String, value: String)] = [("x-amzn-RequestId", response.requestID)]
        if response.statusCode != 204 {
            headers.append(("Content-Type", "application/json"))
            if let version = response.executedVersion {
                headers.append(("X-Amz-Executed-Version", version))
            }
        }
        if let error = response.functionError { headers.append(("X-Amz-Function-Error", error)) }
        if let tail = response.logTail {
            headers.append(("X-Amz-Log-Result", Base64.encode(tail)))
        }
        return APIAnswer(response.statusCode, headers: headers, body: response.payload)
    }

    /// The first part decides: what cannot be invoked at all is refused as an ordinary answer.
    private func invokeWithStream(_ call: LambdaCall) async throws(LambdaServiceError) -> APIAnswer
    {
        var request = try request(call, isStreamed: true)
        // The version is told before anything ran: it has to be the one that will.
        request.choice = .random(in: 0..<1)
        let complete = request
        var check = request
        check.type = .dryRun
        check.payload = []
        let known = try await service.invoke(check)
        if request.type == .dryRun {
            return APIAnswer(204, headers: [("x-amzn-RequestId", known.requestID)])
        }
        var headers = [("Content-Type", "application/vnd.amazon.eventstream")]
        if let version = known.executedVersion {
            headers.append(("X-Amz-Executed-Version", version))
        }
        let service = service
        return APIAnswer(
            200, headers: headers,
            stream: { send in
                var request = complete
                request.stream = { part in await send(EventStream.payload(part)) }
                do {
                    let response = try await service.invoke(request)
                    // What was not streamed comes whole.
                    if response.functionError == nil, !response.payload.isEmpty {
                        await send(EventStream.payload(response.payload))
                    }
                    await send(EventStream.complete(response))
                } catch let error as LambdaServiceError {
                    await send(EventStream.exception(error))
                } catch {
                    await send(EventStream.exception(LambdaServiceError(.service, "\(error)")))
                }
            })
    }
}
