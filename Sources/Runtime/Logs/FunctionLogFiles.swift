import Glibc
import Transport

/// Functions' logs as files: `FOLDER/FUNCTION/DAY.log`, a line each:
/// `2026-11-23T14:00:00.123Z <tab> stream <tab> request id or "-" <tab> text`.
///
/// A line is in the file when ``append(_:function:stream:requestID:)`` returns, and one that is held with the function's next
/// line or after ``heldLifetime``. What cannot be written is counted and dropped: a full disk must not stop functions.
public final class FunctionLogFiles: FunctionLog {
    /// Of one line, in bytes: as CloudWatch cuts them.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html>
    static let lineMaximum = 256 << 10
    /// Of one day's file, in bytes; older lines are moved to one file more, which the next replaces.
    static let fileMaximum: Int64 = 64 << 20

    private struct File {
        var day: String
        var descriptor: Int32
        var size: Int64
    }

    /// Lines that wait for others of their function.
    private struct Held {
        var day: String
        var bytes: [UInt8]
        var count: Int
    }

    private struct State {
        var files: [String: File] = [:]
        var held: [String: Held] = [:]
        var isReleasing = false
        var lost = 0
    }

    /// How long a line may be held.
    static let heldLifetime = Duration.milliseconds(50)

    public let folder: String
    private let state = Locked(State())

    public init(folder: String) { self.folder = folder }

    deinit {
        state.withLock { state in
            for (name, held) in state.held { write(held.bytes, held.count, name, held.day, &state) }
            for file in state.files.values { close(file.descriptor) }
        }
    }

    /// Lines that could not be written.
    public var lost: Int { state.withLock { $0.lost } }

    public func append(
        _ lines: [String], function: FunctionVersion, stream: String, requestID: String?
    ) {
        guard !lines.isEmpty else { return }
        let (day, bytes) = Self.bytes(lines, stream, requestID)
        let name = function.functionName
        state.withLock { state in
            if let held = state.held.removeValue(forKey: name) {
                if held.day == day {
                    return write(
                        held.bytes + bytes, held.count + lines.count, name, day, &state)
                }
                write(held.bytes, held.count, name, held.day, &state)
            }
            write(bytes, lines.count, name, day, &state)
        }
    }

    public func hold(
        _ lines: [String], function: FunctionVersion, stream: String, requestID: String?
    ) {
        guard !lines.isEmpty else { return }
        let (day, bytes) = Self.bytes(lines, stream, requestID)
        let name = function.functionName
        let starts = state.withLock { state in
            if state.held[name]?.day == day {
                state.held[name]?.bytes += bytes
                state.held[name]?.count += lines.count
            } else {
                let new = Held(day: day, bytes: bytes, count: lines.count)
                if let old = state.held.updateValue(new, forKey: name) {
                    write(old.bytes, old.count, name, old.day, &state)
                }
            }
            defer { state.isReleasing = true }
            return !state.isReleasing
        }
        guard starts else { return }
        // As long as the lifetime: it serves all lines until then and belongs to none.
        Task.detached {
            // Nothing cancels it.
            try? await Task.sleep(for: Self.heldLifetime)
            self.release()
        }
    }

    private func release() {
        state.withLock { state in
            state.isReleasing = false
            let held = state.held
            state.held = [:]
            for (name, held) in held { write(held.bytes, held.count, name, held.day, &state) }
        }
    }

    /// As they stand in the file.
    private static func bytes(
        _ lines: [String], _ stream: String, _ requestID: String?
    ) -> (day: String, [UInt8]) {
        let time = JSONText.timestamp(UnixTime.milliseconds())
        let start = "\(time)\t\(stream)\t\(requestID ?? "-")\t"
        var bytes: [UInt8] = []
        bytes.reserveCapacity(
            lines.reduce(0) { $0 + start.utf8.count + $1.utf8.count + 1 })
        for line in lines {
            bytes.append(contentsOf: start.utf8)
            let text = bytes.count
            bytes.append(contentsOf: line.utf8.prefix(lineMaximum))
            for index in text..<bytes.count where bytes[index] == UInt8(ascii: "\n") {
                bytes[index] = UInt8(ascii: "\r")
            }
            bytes.append(UInt8(ascii: "\n"))
        }
        return (String(time.utf8.prefix(10)) ?? "", bytes)
    }

    private func write(
        _ bytes: [UInt8], _ count: Int, _ name: String, _ day: String, _ state: inout State
    ) {
        guard let file = self.file(name, day, &state),
            Glibc.write(file.descriptor, bytes, bytes.count) == bytes.count
        else {
            state.lost += count
            return
        }
        state.files[name]?.size += Int64(bytes.count)
    }

    private func file(_ name: String, _ day: String, _ state: inout State) -> File? {
        let path = "\(folder)/\(name)/\(day).log"
        if let file = state.files[name] {
            if file.day == day, file.size < Self.fileMaximum { return file }
            close(file.descriptor)
            state.files[name] = nil
            if file.day == day { rename(path, "\(folder)/\(name)/\(day).0.log") }
        }
        mkdir(folder, 0o700)
        mkdir("\(folder)/\(name)", 0o700)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        var status = stat()
        fstat(descriptor, &status)
        let file = File(day: day, descriptor: descriptor, size: Int64(status.st_size))
        state.files[name] = file
        return file
    }
}
