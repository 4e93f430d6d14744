/// The three clocks of S3's wire, without Foundation: Unix seconds to and from text.
public enum Timestamps {
    /// "20130524T000000Z"
    public static func amzDate(_ unixSeconds: Int64) -> String { fatalError("skeleton") }
    public static func parseAmzDate(_ text: some StringProtocol) -> Int64? { fatalError("skeleton") }
    /// RFC 9110 IMF-fixdate: "Wed, 12 Oct 2009 17:50:00 GMT"
    public static func httpDate(_ unixSeconds: Int64) -> String { fatalError("skeleton") }
    public static func parseHTTPDate(_ text: some StringProtocol) -> Int64? { fatalError("skeleton") }
    /// ISO 8601 with milliseconds, UTC: "2009-10-12T17:50:30.000Z". Parsing takes any number of fraction digits, or none.
    public static func iso8601(milliseconds: Int64) -> String { fatalError("skeleton") }
    public static func parseISO8601Milliseconds(_ text: some StringProtocol) -> Int64? { fatalError("skeleton") }
    /// Now, Unix milliseconds.
    public static func nowMilliseconds() -> Int64 { fatalError("skeleton") }
}
