import Transport

/// Passes lines on, and keeps the last 4 KiB of those invocations whose caller asked for them.
final class LogTails: FunctionLog {
    /// Source: `LogResult` in <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
    static let maximumBytes = 4096

    private let next: any FunctionLog
    private let tails = Locked<[String: [UInt8]]>([:])

    init(next: any FunctionLog) { self.next = next }

    func append(
        _ lines: [String], function: FunctionVersion, stream: String, requestID: String?
    ) {
        next.append(lines, function: function, stream: stream, requestID: requestID)
        keep(lines, requestID)
    }

    func hold(
        _ lines: [String], function: FunctionVersion, stream: String, requestID: String?
    ) {
        next.hold(lines, function: function, stream: stream, requestID: requestID)
        keep(lines, requestID)
    }

    private func keep(_ lines: [String], _ requestID: String?) {
        guard let requestID else { return }
        tails.withLock { tails in
            guard tails[requestID] != nil else { return }
            for line in lines {
                tails[requestID]!.append(contentsOf: line.utf8)
                tails[requestID]!.append(UInt8(ascii: "\n"))
            }
            let surplus = tails[requestID]!.count - Self.maximumBytes
            if surplus > 4 * Self.maximumBytes { tails[requestID]!.removeFirst(surplus) }
        }
    }

    func begin(_ requestID: String) { tails.withLock { $0[requestID] = [] } }

    func end(_ requestID: String) -> [UInt8]? {
        tails.withLock { $0.removeValue(forKey: requestID) }
            .map { Array($0.suffix(Self.maximumBytes)) }
    }
}
