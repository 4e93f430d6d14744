import NIOCore

/// What one runtime process may say when: the state machine of the Runtime API. Lives on one event loop, with the
/// connections and with the environment that owns it.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>; states and error answers as in
/// <https://github.com/aws/aws-lambda-runtime-interface-emulator>
final class RuntimeSession {
    /// 6 MiB and 100 bytes.
    static let responseBytesMaximum = 6_291_556

    /// Raw values are the names that the error answers print.
    enum State: String {
        case started = "Started"
        case initError = "InitError"
        case ready = "Ready"
        case running = "Running"
        /// A streamed response is coming in.
        case responding = "InvocationResponse"
        case responded = "RuntimeResponseSentState"
    }

    private(set) var state = State.started
    private(set) var event: InvocationEvent?
    /// The connection whose `/next` is not answered yet.
    private weak var waiting: RuntimeAPIHandler?
    private var connections: [ObjectIdentifier: RuntimeAPIHandler] = [:]
    weak var owner: (any RuntimeSessionOwner)?

    /// A new process begins: what the old one had open is closed.
    func restart() {
        state = .started
        event = nil
        waiting = nil
        for handler in connections.values { handler.close() }
    }

    func add(_ handler: RuntimeAPIHandler) { connections[ObjectIdentifier(handler)] = handler }
    /// A connection is open: there may be more to read.
    var isConnected: Bool { !connections.isEmpty }

    func remove(_ handler: RuntimeAPIHandler) {
        connections[ObjectIdentifier(handler)] = nil
        if waiting === handler { waiting = nil }
    }

    /// Hands an event over: at once when the runtime waits for one, else with its next `/next`.
    func begin(_ event: InvocationEvent) {
        self.event = event
        state = .running
        if let handler = waiting {
            waiting = nil
            handler.serve(event)
        }
    }

    // What the runtime asks.

    func next(_ handler: RuntimeAPIHandler) {
        switch state {
        case .started, .responded:
            state = .ready
            event = nil
            waiting = handler
            // It may hand over the next event before it returns.
            owner?.runtimeIsReady()
        case .ready:
            // One runtime waits once; an older connection that still does is of no use to anyone.
            if let waiting, waiting !== handler { waiting.close() }
            waiting = handler
        case .running:
            if let event { handler.serve(event) }
        case .responding, .initError:
            handler.refuse(transition(to: "Ready"))
        }
    }

    /// Whether an answer to this id may come now; nil: it may.
    func refusal(of id: Substring, to target: String) -> RuntimeAPIAnswer? {
        switch state {
        case .running: id == event?.requestID[...] ? nil : .invalidRequestID
        case .responding, .responded:
            id == event?.requestID[...] ? transition(to: target) : .invalidRequestID
        case .started, .initError, .ready: transition(to: target)
        }
    }

    func respond(_ result: RuntimeResult) {
        state = .responded
        owner?.runtimeAnswered(result)
    }

    func beginStreaming() { state = .responding }

    /// A streamed response broke off: the runtime may still say why.
    func breakOffStreaming() {
        if state == .responding { state = .running }
    }

    var isStreamed: Bool { event?.stream != nil }

    func pass(_ part: [UInt8], from handler: RuntimeAPIHandler) {
        owner?.runtimeStreamed(part, from: handler)
    }

    /// The taker of a streamed response has caught up.
    func readOn() {
        for handler in connections.values { handler.setReading(true) }
    }

    var initRefusal: RuntimeAPIAnswer? { state == .started ? nil : transition(to: "InitError") }

    func failInit(_ result: RuntimeResult) {
        state = .initError
        owner?.runtimeFailedInit(result)
    }

    private func transition(to target: String) -> RuntimeAPIAnswer {
        RuntimeAPIAnswer(
            .forbidden, errorType: "InvalidStateTransition",
            message: "State transition from \(state.rawValue) to \(target) failed for runtime. "
                + "Error: State transition is not allowed")
    }
}

/// Who runs the process behind a session. Called on the session's event loop.
protocol RuntimeSessionOwner: AnyObject {
    /// `/next`: init is complete, or the invocation before it.
    func runtimeIsReady()
    func runtimeFailedInit(_ result: RuntimeResult)
    func runtimeAnswered(_ result: RuntimeResult)
    /// A part of a streamed response; the handler is to be held up when its taker is slow.
    func runtimeStreamed(_ part: [UInt8], from handler: RuntimeAPIHandler)
}
