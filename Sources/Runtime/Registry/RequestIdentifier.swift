import Lambda

enum RequestIdentifier {
    /// A random UUID in lower case.
    static func make() -> String {
        RequestID.make(UInt64.random(in: 0...UInt64.max), UInt64.random(in: 0...UInt64.max))
    }
}
