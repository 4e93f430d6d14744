import Glibc
import Transport

/// A file of JSON lines, made when the first line comes, with mode 0600. Writes are buffered; `close`
/// writes the rest.
final class LineLog: Sendable {
    let path: String

    private struct State {
        var descriptor: Int32 = -1
        var buffer = ""
        var lines = 0
        var failure: String?
    }

    private static let bufferBytes = 16 << 10
    private let state = Locked(State())

    init(path: String) {
        self.path = path
    }

    /// Lines taken so far.
    var count: Int { state.withLock { $0.lines } }

    /// Why lines are missing from the file, or nil.
    var failure: String? { state.withLock { $0.failure } }

    /// What to tell the user when lines are missing, or nil.
    var note: String? {
        failure.map { "not every line could be written to \(path): \($0)" }
    }

    func append(_ value: JSONValue) {
        let line = value.text + "\n"
        state.withLock { state in
            state.lines += 1
            state.buffer += line
            if state.buffer.utf8.count >= Self.bufferBytes { flush(&state) }
        }
    }

    func close() {
        state.withLock { state in
            flush(&state)
            if state.descriptor >= 0 { Glibc.close(state.descriptor) }
            state.descriptor = -1
        }
    }

    private func flush(_ state: inout State) {
        guard !state.buffer.isEmpty else { return }
        if state.descriptor < 0 {
            state.descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        }
        guard state.descriptor >= 0 else {
            state.failure = String(cString: strerror(errno))
            state.buffer = ""
            return
        }
        if let problem = StandardStreams.write(state.buffer, to: state.descriptor) {
            state.failure = problem
        }
        state.buffer = ""
    }
}
