/// Which modules each target may import. SwiftPM lets a target import whatever is built before it; this does not.
struct ImportFence {
    struct Row {
        let ours: Set<String>
        let others: Set<String>
    }

    /// What every target may import: the C library by any name and the small parts of the toolchain that cost no memory.
    static let everywhere: Set<String> = [
        "Glibc", "Musl", "Darwin", "Dispatch", "Synchronization", "FoundationEssentials",
    ]

    static let table: [String: Row] = [
        "CCurl": Row(ours: [], others: []),
        "CZlib": Row(ours: [], others: []),
        "COpenSSL": Row(ours: [], others: []),
        "Transport": Row(ours: ["CCurl"], others: ["Logging"]),
        "XML": Row(ours: [], others: []),
        "Signing": Row(ours: ["COpenSSL", "Transport", "XML"], others: ["Logging"]),
        "S3": Row(ours: ["Transport", "Signing", "XML"], others: ["Logging"]),
        "Lambda": Row(ours: ["Transport"], others: ["Logging"]),
        // Signing for digests and Transport for body readers: both stand in S3's own declarations.
        "Replication": Row(ours: ["S3", "Signing", "Transport"], others: ["Logging"]),
        // Transport for its lock.
        "Functions": Row(
            ours: ["Lambda", "Replication", "S3", "Transport"], others: ["Logging"]),
        // Transport for its lock.
        "Listening": Row(ours: ["Transport"], others: ["NIOCore"]),
        "Runtime": Row(
            ours: ["CZlib", "Lambda", "Listening", "Transport", "Signing"],
            others: [
                "Logging", "Metrics", "GRDB", "GRDBSQLite", "Yams", "ServiceLifecycle",
                "Subprocess",
                "Hummingbird", "HummingbirdCore", "HTTPTypes", "NIOCore", "NIOPosix",
                "NIOHTTP1", "NIOConcurrencyHelpers",
            ]),
        "LocalS3": Row(
            // Transport to post to webhooks.
            ours: ["Listening", "Signing", "Transport", "XML"],
            others: [
                "Logging", "Hummingbird", "HummingbirdCore", "HTTPTypes", "NIOCore", "NIOPosix",
                "NIOHTTP1", "NIOConcurrencyHelpers", "ServiceLifecycle",
            ]),
        "Console": Row(ours: ["Runtime"], others: ["Logging", "Hummingbird"]),
        "brigade": Row(
            ours: [
                "Transport", "Signing", "S3", "Lambda", "Replication", "Functions", "Runtime",
                "LocalS3", "Console",
            ],
            others: ["Foundation", "ArgumentParser", "Yams", "Logging", "ServiceLifecycle"]),
    ]

    /// The modules a file imports, by line.
    static func imports(of file: SourceFile) -> [(line: Int, module: String)] {
        file.codeLines.compactMap { line in
            var words = line.text.split(whereSeparator: { $0 == " " || $0 == "\t" })
            // Attributes (@preconcurrency, @testable, @_spi(X)) and access levels come before the keyword.
            let levels: Set<Substring> = [
                "public", "package", "internal", "fileprivate", "private",
            ]
            while let first = words.first, first.hasPrefix("@") || levels.contains(first) {
                words.removeFirst()
            }
            guard words.first == "import", words.count > 1 else { return nil }
            words.removeFirst()
            let kinds: Set<Substring> = [
                "struct", "class", "enum", "protocol", "typealias", "func", "let", "var",
            ]
            if words.count > 1, kinds.contains(words[0]) { words.removeFirst() }
            let module = words[0].prefix { $0 != "." && $0 != ";" }
            return (line.number, String(module))
        }
    }

    static func violations(in file: SourceFile) -> [String] {
        guard let target = file.target, file.path.hasSuffix(".swift") else { return [] }
        guard let row = table[target] else {
            return ["\(file.path): \(target) has no row in the import table"]
        }
        return imports(of: file).compactMap { line, module in
            if row.ours.contains(module) || row.others.contains(module)
                || everywhere.contains(module)
            {
                return nil
            }
            return "\(file.path):\(line): \(target) may not import \(module)"
        }
    }
}
