import Foundation
import Glibc

/// Certificates made with `openssl`, in a folder that goes away with them.
///
/// `ca` has signed the server's, which is for the address 127.0.0.1 alone; `other` is an authority that has not.
final class TestCertificates: Sendable {
    let folder: URL
    var ca: String { path("ca.pem") }
    var other: String { path("other.pem") }
    var serverCertificate: String { path("server.pem") }
    var serverKey: String { path("server.key") }

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "brigade-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        for name in ["ca", "other"] {
            try openssl(
                ["req", "-x509"] + key + [
                    "-keyout", path("\(name).key"), "-out", path("\(name).pem"), "-days", "2",
                    "-subj", "/CN=Test \(name)",
                ])
        }
        try openssl(
            ["req", "-new"] + key + [
                "-keyout", serverKey, "-out", path("server.csr"), "-subj", "/CN=server",
            ])
        try Data("subjectAltName=IP:127.0.0.1\n".utf8).write(to: folder.appending(path: "ext"))
        try openssl([
            "x509", "-req", "-in", path("server.csr"), "-CA", ca, "-CAkey", path("ca.key"),
            "-CAcreateserial", "-days", "2", "-extfile", path("ext"), "-out", serverCertificate,
        ])
    }

    deinit {
        // Best effort: it is the system's folder for such files.
        try? FileManager.default.removeItem(at: folder)
    }

    private func path(_ name: String) -> String { folder.appending(path: name).path }

    private func openssl(_ arguments: [String]) throws {
        struct Failed: Error { var arguments: [String] }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(arguments: arguments) }
    }
}

/// TLS in front of a scripted server: a child process that passes every byte on. It ends when its input does.
final class TLSServer: Sendable {
    let port: Int
    private let input: FileHandle

    private static let script = """
        import asyncio, ssl, sys, threading, os
        certificate, key, upstream = sys.argv[1], sys.argv[2], int(sys.argv[3])
        async def pump(reader, writer):
            try:
                while data := await reader.read(65536):
                    writer.write(data)
                    await writer.drain()
            except OSError:
                pass
            finally:
                writer.close()
        async def serve(reader, writer):
            theirs, ours = await asyncio.open_connection("127.0.0.1", upstream)
            await asyncio.gather(pump(reader, ours), pump(theirs, writer))
        async def main():
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
            print(server.sockets[0].getsockname()[1], flush=True)
            await server.serve_forever()
        def end():
            sys.stdin.read()
            os._exit(0)
        threading.Thread(target=end, daemon=True).start()
        asyncio.run(main())
        """

    init(_ certificates: TestCertificates, before upstream: ScriptedServer) throws {
        struct NoPort: Error {}
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c", Self.script, certificates.serverCertificate, certificates.serverKey,
            "\(upstream.port)",
        ]
        let input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.input = input.fileHandleForWriting
        guard let port = Int(Self.line(from: output.fileHandleForReading)) else { throw NoPort() }
        self.port = port
    }

    /// The first line. `FileHandle` takes an interrupted call, which the end of another child makes, for fatal.
    private static func line(from handle: FileHandle) -> String {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while byte != UInt8(ascii: "\n") {
            let count = read(handle.fileDescriptor, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { break }
            bytes.append(byte)
        }
        return String(decoding: bytes.dropLast(), as: UTF8.self)
    }

    deinit {
        // An input that is closed already has ended the child.
        try? input.close()
    }
}
