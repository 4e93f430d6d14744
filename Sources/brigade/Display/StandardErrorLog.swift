import Logging

/// What a part of the program has to tell that is no answer to anything: a line on standard error.
struct StandardErrorLog: LogHandler {
    var logLevel = Logger.Level.notice
    var metadata = Logger.Metadata()

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let known = metadata.merging(event.metadata ?? [:]) { $1 }
        // In an order that does not change from line to line.
        let fields = known.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let more = fields.isEmpty ? "" : " (\(fields.joined(separator: ", ")))"
        StandardStreams.error("brigade: \(event.message)\(more)")
    }
}
