import Testing

@testable import brigade

struct ByteSizeTests {
    @Test(
        arguments: [
            ("0", 0), ("4096", 4096), ("4096b", 4096), ("1k", 1024), ("1K", 1024), ("1Ki", 1024),
            ("64KiB", 65_536), ("1kB", 1000), ("16M", 16 << 20), ("100MB", 100_000_000),
            ("1.5G", 3 << 29), ("0.5k", 512), ("1.0009k", 1024), ("2T", 2 << 40), ("1p", 1 << 50),
            ("9223372036854775807", .max), ("8191P", 8191 << 50),
        ] as [(String, Int64)])
    func reads(_ text: String, _ bytes: Int64) {
        #expect(ByteSize(argument: text)?.bytes == bytes)
    }

    @Test(arguments: [
        "", "k", ".5k", "1.", "1.k", "1..5k", "1.2.3k", "-1", "+1", "1 k", "1kk", "1x", "1kx",
        "9223372036854775808", "8192P", "99999999999P", "1.0000000001k", "¹", "1e3",
    ])
    func refuses(_ text: String) {
        #expect(ByteSize(argument: text) == nil)
    }
}

struct TimeSpanTests {
    @Test(
        arguments: [
            ("0s", 0), ("30s", 30), ("10m", 600), ("2H", 7200), ("7d", 604_800), ("2w", 1_209_600),
            ("1h30m", 5400), ("1d1d", 172_800), ("9223372036854775807s", .max),
        ] as [(String, Int64)])
    func reads(_ text: String, _ seconds: Int64) {
        #expect(TimeSpan(argument: text)?.duration == .seconds(seconds))
    }

    @Test(arguments: [
        "", "s", "30", "1h30", "-1s", "+1s", "1.5h", "1y", "1h 30m", "9223372036854775808s",
        "15250284452472w", "9223372036854775807s1s", "٣s",
    ])
    func refuses(_ text: String) {
        #expect(TimeSpan(argument: text) == nil)
    }
}

struct ListenAddressTests {
    @Test(arguments: [
        ("127.0.0.1:9000", "127.0.0.1", 9000, "127.0.0.1:9000"),
        (":0", "127.0.0.1", 0, "127.0.0.1:0"),
        ("localhost:65535", "localhost", 65_535, "localhost:65535"),
        ("[::1]:80", "::1", 80, "[::1]:80"),
    ])
    func reads(_ text: String, _ host: String, _ port: Int, _ description: String) throws {
        let address = try #require(ListenAddress(argument: text))
        #expect(address == ListenAddress(host: host, port: port))
        #expect(address.description == description)
    }

    @Test(arguments: [
        "", "9000", "host", "host:", ":", "host:65536", "host:-1", "host:+80", "host:8o", "::1",
        "::1:80", "host: 80",
    ])
    func refuses(_ text: String) {
        #expect(ListenAddress(argument: text) == nil)
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.8.8.8", true), ("::1", true), ("localhost", true),
        ("0.0.0.0", false), ("::", false), ("192.168.0.1", false), ("example.net", false),
    ])
    func knowsWhatTheNetworkReaches(_ host: String, _ isLoopback: Bool) {
        #expect(LocalS3Command.isLoopback(host) == isLoopback)
    }
}
