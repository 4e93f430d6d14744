import Logging

/// What a part of the program has to tell that is no answer to anything: a line on standard error.
struct StandardErrorLog: LogHandler {
    var logLevel = Logger.Level.notice
    var metadata = Logger.Metadata()

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { StandardStreams.error("brigade: \(event.message)") }
}
