import Glibc
import Transport

/// Functions' logs as files: `FOLDER/FUNCTION/DAY.log`, a line each:
/// `2026-11-23T14:00:00.123Z <tab> stream <tab> request id or "-" <tab> text`.
///
/// A line is in the file when ``append(_:function:stream:requestID:)`` returns. What cannot be written is counted and dropped:
/// a full disk must not stop functions.
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

    private struct State {
        var files: [String: File] = [:]
        var lost = 0
    }

    public let folder: String
    private let state = Locked(State())

    public init(folder: String) { self.folder = folder }

    deinit { state.withLock { for file in $0.files.values { close(file.descriptor) } } }

    /// Lines that could not be written.
    public var lost: Int { state.withLock { $0.lost } }

    public func append(
        _ lines: [String], function: FunctionVersion, stream: String, requestID: String?
    ) {
        guard !lines.isEmpty else { return }
        let time = JSONText.timestamp(UnixTime.milliseconds())
        let start = "\(time)\t\(stream)\t\(requestID ?? "-")\t"
        var bytes: [UInt8] = []
        bytes.reserveCapacity(
            lines.reduce(0) { $0 + start.utf8.count + $1.utf8.count + 1 })
        for line in lines {
            bytes.append(contentsOf: start.utf8)
            let text = bytes.count
            bytes.append(contentsOf: line.utf8.prefix(Self.lineMaximum))
            for index in text..<bytes.count where bytes[index] == UInt8(ascii: "\n") {
                bytes[index] = UInt8(ascii: "\r")
            }
            bytes.append(UInt8(ascii: "\n"))
        }
        let (name, day) = (function.functionName, String(time.prefix(10)))
        state.withLock { state in
            guard let file = self.file(name, day, &state),
                write(file.descriptor, bytes, bytes.count) == bytes.count
            else {
                state.lost += lines.count
                return
            }
            state.files[name]?.size += Int64(bytes.count)
        }
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
