import Glibc
import Transport

/// Standard output for results, standard error for progress and messages.
enum StandardStreams {
    /// What was printed, and why some of it was not.
    struct Printed {
        var isAny = false
        var problem: String?
    }

    private static let printed = Locked(Printed())

    /// Whether results were printed, and what kept them from being written in full.
    static var outputSoFar: Printed { printed.withLock { $0 } }

    static func output(_ text: String) {
        let problem = write(text.hasSuffix("\n") ? text : text + "\n", to: STDOUT_FILENO)
        // A reader that went away has what it wanted (`brigade … | head`).
        let isFailure = problem != nil && problem != String(cString: strerror(EPIPE))
        printed.withLock { printed in
            printed.isAny = true
            if isFailure { printed.problem = problem }
        }
    }

    static func error(_ text: String) {
        write(text.hasSuffix("\n") ? text : text + "\n", to: STDERR_FILENO)
    }

    /// Writes all of it; gives up when the reader is gone.
    ///
    /// - Returns: why not all was written, or nil.
    @discardableResult
    static func write(_ text: String, to descriptor: Int32) -> String? {
        var text = text
        return text.withUTF8 { bytes in
            var offset = 0
            while offset < bytes.count {
                let count = Glibc.write(
                    descriptor, bytes.baseAddress! + offset, bytes.count - offset)
                if count < 0, errno == EINTR || errno == EAGAIN { continue }
                guard count > 0 else { return String(cString: strerror(errno)) }
                offset += count
            }
            return nil
        }
    }
}
