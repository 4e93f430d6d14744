import Glibc
import Transport

/// Standard error as people see it: lines that are drawn again in place on a terminal, and plain lines
/// elsewhere. Any thread.
final class Terminal: Sendable {
    let isInteractive: Bool
    let style: TextStyle
    private let drawn = Locked<[String]>([])

    init(environment: [String: String]) {
        isInteractive = isatty(STDERR_FILENO) == 1 && environment["TERM"] != "dumb"
        let noColor = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        style = TextStyle(isColored: isInteractive && !noColor)
    }

    /// Columns to fill: the terminal's, and never more than people like to read.
    var columns: Int {
        var size = winsize()
        guard isInteractive, ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0
        else { return TextLayout.widestColumns }
        return min(TextLayout.widestColumns, Int(size.ws_col))
    }

    /// Replaces the lines that were drawn before. Only on a terminal.
    func draw(_ lines: [String]) {
        drawn.withLock { drawn in
            guard lines != drawn else { return }
            StandardStreams.write(
                Self.erasing(drawn.count) + lines.joined(separator: "\n"), to: STDERR_FILENO)
            drawn = lines
        }
    }

    /// A line that stays; what is drawn moves below it.
    func line(_ text: String) {
        drawn.withLock { drawn in
            _ = StandardStreams.write(
                Self.erasing(drawn.count) + text + "\n" + drawn.joined(separator: "\n"),
                to: STDERR_FILENO)
        }
    }

    /// Takes away what is drawn.
    func clear() {
        drawn.withLock { drawn in
            StandardStreams.write(Self.erasing(drawn.count), to: STDERR_FILENO)
            drawn = []
        }
    }

    /// Does the work, and says what is waited for when it takes long.
    func saying<R: Sendable>(
        _ text: String?, after silence: Duration,
        _ work: @escaping @Sendable () async throws -> R
    ) async throws -> R {
        guard let text else { return try await work() }
        return try await withThrowingTaskGroup(of: R?.self) { group in
            group.addTask {
                do {
                    try await Task.sleep(for: silence)
                    self.line(text)
                } catch {
                    // It was not long.
                }
                return nil
            }
            group.addTask { try await work() }
            while let ended = try await group.next() {
                guard let result = ended else { continue }
                group.cancelAll()
                return result
            }
            throw CancellationError()
        }
    }

    /// Back to the start of the first of the lines, all of them erased. In one write with what follows,
    /// so that nothing flickers.
    private static func erasing(_ lines: Int) -> String {
        guard lines > 0 else { return "" }
        return "\r\u{1b}[2K" + String(repeating: "\u{1b}[1A\u{1b}[2K", count: lines - 1)
    }
}

/// Colours, where they are wanted. What is coloured also reads without.
struct TextStyle: Sendable, Equatable {
    var isColored: Bool

    func dim(_ text: String) -> String { isColored ? "\u{1b}[2m\(text)\u{1b}[0m" : text }
    func green(_ text: String) -> String { isColored ? "\u{1b}[32m\(text)\u{1b}[0m" : text }
    func red(_ text: String) -> String { isColored ? "\u{1b}[31m\(text)\u{1b}[0m" : text }
    func bold(_ text: String) -> String { isColored ? "\u{1b}[1m\(text)\u{1b}[0m" : text }
}
