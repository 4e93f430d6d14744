import Glibc

/// One kept HTTP/1.1 connection to the Runtime API, blocking: between events there is nothing else to do, and a client
/// of a few kilobytes starts in no time.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>
struct RuntimeConnection {
    struct Answer {
        var status: Int
        /// Names in lower case.
        var headers: [String: String]
        var body: [UInt8]
    }

    /// Why the Runtime API cannot be reached or understood; the runtime can only end.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private let address: String
    private var descriptor: Int32 = -1
    private var received: [UInt8] = []

    /// - Parameter address: `AWS_LAMBDA_RUNTIME_API`: "host:port".
    init(address: String) { self.address = address }

    /// Sends a request in one write, and reads the answer.
    mutating func send(
        _ method: String, _ path: String, headers: [(String, String)] = [], body: [UInt8] = []
    ) throws(Failure) -> Answer {
        if descriptor < 0 { try connect() }
        var head = "\(method) /2018-06-01/runtime/\(path) HTTP/1.1\r\nHost: \(address)\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if method == "POST" { head += "Content-Length: \(body.count)\r\n" }
        head += "\r\n"
        try write(Array(head.utf8) + body)
        return try read()
    }

    private mutating func connect() throws(Failure) {
        guard let colon = address.lastIndex(of: ":") else {
            throw Failure(description: "AWS_LAMBDA_RUNTIME_API is no host:port: \(address)")
        }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(
            String(address[..<colon]), String(address[address.index(after: colon)...]), &hints,
            &found)
        guard code == 0, let first = found else {
            throw Failure(description: "cannot resolve \(address)")
        }
        defer { freeaddrinfo(found) }
        let descriptor = socket(
            first.pointee.ai_family, first.pointee.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0,
            Glibc.connect(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0
        else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw Failure(description: "cannot connect to \(address): \(reason)")
        }
        var on: Int32 = 1
        setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        self.descriptor = descriptor
    }

    private func write(_ bytes: [UInt8]) throws(Failure) {
        var start = 0
        while start < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    descriptor, $0.baseAddress! + start, bytes.count - start,
                    Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw Failure(
                    description: "the Runtime API went away: \(String(cString: strerror(errno)))")
            }
            start += count
        }
    }

    private mutating func fill() throws(Failure) {
        let room = 64 << 10
        let had = received.count
        received.append(contentsOf: repeatElement(0, count: room))
        while true {
            let count = received.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress! + had, room, 0)
            }
            if count < 0, errno == EINTR { continue }
            received.removeLast(room - max(0, count))
            guard count > 0 else {
                throw Failure(description: "the Runtime API closed the connection")
            }
            return
        }
    }

    private mutating func read() throws(Failure) -> Answer {
        var end: Int?
        var looked = 0
        while end == nil {
            try fill()
            var index = max(3, looked)
            while index < received.count {
                if received[index] == 10, received[index - 1] == 13, received[index - 2] == 10 {
                    end = index + 1
                    break
                }
                index += 1
            }
            looked = index
            if end == nil, received.count > 256 << 10 {
                throw Failure(description: "the Runtime API's answer has no end of its head")
            }
        }
        let head = String(decoding: received[..<end!], as: UTF8.self)
        let lines = head.split(separator: "\r\n")
        let words = (lines.first ?? "").split(separator: " ")
        guard words.count >= 2, let status = Int(words[1]) else {
            throw Failure(description: "the Runtime API does not speak HTTP")
        }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            headers[line[..<colon].lowercased()] = String(value)
        }
        received.removeFirst(end!)
        if headers["transfer-encoding"]?.lowercased() == "chunked" {
            throw Failure(
                description: "the Runtime API chunks its answer, which this client does not read")
        }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        while received.count < length { try fill() }
        let body = Array(received[..<length])
        received.removeFirst(length)
        if headers["connection"]?.lowercased() == "close" {
            close(descriptor)
            descriptor = -1
            received = []
        }
        return Answer(status: status, headers: headers, body: body)
    }
}
