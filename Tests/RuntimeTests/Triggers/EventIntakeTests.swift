import GRDB
import NIOHTTP1
import NIOPosix
import Signing
import TestSupport
import Testing
import Transport

@testable import Runtime

@Suite struct EventIntakeTests {
    private static let token = "aB3-secret-of-the-test"

    private struct Parts {
        var stage: ChangeStage
        var queue: ChangeQueue
        var responder: ListenerResponder
        let bodies: Locked<[Int]>
    }

    /// A body "a,b" tells of two keys; one that begins with "?" cannot be read, but for what follows.
    private func parts() async throws -> Parts {
        let stage = try ChangeStage()
        stage.answer { _, _ in .done }
        let queue = try await stage.open()
        let bodies = Locked<[Int]>([])
        let intake = EventIntake(
            token: WebhookToken(Self.token), queue: queue,
            read: { body, _ in
                bodies.withLock { $0.append(body.count) }
                let keys = String(decoding: body, as: UTF8.self).split(separator: ",")
                let changes = keys.filter { $0 != "?" }.map { stage.change(String($0)) }
                return keys.first == "?"
                    ? .unreadable(reason: "a riddle", changes: changes) : .changes(changes)
            }, logger: ChangeStage.quiet)
        let api = LambdaAPI(
            routes: [], credentials: APIStage.credentials, region: "eu-west-1",
            logger: ChangeStage.quiet)
        return Parts(
            stage: stage, queue: queue,
            responder: ListenerResponder(
                api: api,
                endpoints: [
                    "/events/s3": intake.endpoint,
                    "/healthz": APIEndpoint { _ in .text(200, "ok") },
                ]), bodies: bodies)
    }

    private func request(
        _ method: NIOHTTP1.HTTPMethod, _ target: String = "/events/s3", _ body: String = "",
        token: String? = token
    ) -> APIRequest {
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: target)
        if let token { head.headers.add(name: "authorization", value: "Bearer \(token)") }
        var request = APIRequest(head)
        request.body = Array(body.utf8)
        return request
    }

    private func status(_ request: APIRequest, _ responder: ListenerResponder) async -> Int {
        do {
            let admission = try responder.admit(request)
            return await responder.answer(request, admission).status
        } catch {
            return error.answer.status
        }
    }

    @Test func dispatchesByThePathAlone() async throws {
        let parts = try await parts()
        for (target, status) in [
            ("/healthz", 200), ("/healthz?x=1", 200), ("/healthz/", 403), ("/events/s3/x", 403),
            ("/2015-03-31/functions", 403), ("/", 403), ("/HEALTHZ", 403),
        ] {
            #expect(
                await self.status(request(.GET, target, token: nil), parts.responder) == status,
                "\(target)")
        }
        let admission = try parts.responder.admit(request(.POST))
        #expect(admission.bodyLimit == EventIntake.bodyMaximum)
        let answer = parts.responder.tooLarge(request(.POST), admission, size: 7 << 20)
        #expect(answer.status == 413)
        #expect(String(decoding: answer.body, as: UTF8.self).contains("6291456 bytes"))
    }

    @Test(arguments: [
        (NIOHTTP1.HTTPMethod.GET, 200), (.HEAD, 200), (.OPTIONS, 200), (.POST, 200), (.PUT, 200),
        (.DELETE, 405), (.PATCH, 405),
    ])
    func answersProbesAndTakesWhatIsPosted(_ method: NIOHTTP1.HTTPMethod, _ status: Int)
        async throws
    {
        let parts = try await parts()
        let request = request(method, "/events/s3", "a,b,a")
        #expect(await self.status(request, parts.responder) == status)
        let isPosted = method == .POST || method == .PUT
        #expect(try await parts.stage.count("changes") == (isPosted ? 2 : 0))
        #expect(try await parts.stage.count("parked_events") == 0)
    }

    @Test func nothingIsReadOfWhoHasNoToken() async throws {
        let parts = try await parts()
        for token in [nil, "wrong", ""] {
            #expect(
                await status(request(.POST, "/events/s3", "a", token: token), parts.responder)
                    == 403)
        }
        #expect(parts.bodies.withLock { $0.isEmpty })
        #expect(try await parts.stage.count("changes") == 0)
    }

    @Test func whatCannotBeReadIsKeptWithWhatCouldBe() async throws {
        let parts = try await parts()
        #expect(await status(request(.POST, "/events/s3", "?,a"), parts.responder) == 200)
        #expect(try await parts.stage.count("changes") == 1)
        let kept = try await parts.stage.stage.database.read {
            try Row.fetchAll($0, sql: "SELECT reason, body FROM parked_events").map {
                ($0[0] as String, [UInt8](blob: $0[1]))
            }
        }
        #expect(kept.map(\.0) == ["a riddle"])
        #expect(kept.first?.1 == Array("?,a".utf8))
    }

    @Test func isAskedToSendAgainWhenItCannotBeWritten() async throws {
        let parts = try await parts()
        try await parts.stage.stage.database.write {
            try $0.execute(
                sql: """
                    CREATE TRIGGER no_change BEFORE INSERT ON changes BEGIN SELECT RAISE(FAIL, 'full'); END;
                    CREATE TRIGGER no_park BEFORE INSERT ON parked_events BEGIN SELECT RAISE(FAIL, 'full'); END
                    """)
        }
        #expect(await status(request(.POST, "/events/s3", "a"), parts.responder) == 503)
        #expect(await status(request(.POST, "/events/s3", "?"), parts.responder) == 503)
        // About nothing of ours: there is nothing to write.
        #expect(await status(request(.POST, "/events/s3", ""), parts.responder) == 200)
        #expect(try await parts.stage.count("changes") == 0)
    }

    /// On a socket: refused by its head, with the body never asked for.
    @Test func aHeadWithoutTheTokenIsAnsweredBeforeItsBody() async throws {
        let parts = try await parts()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let listener = try await APIListener.start(
            host: "127.0.0.1", port: 0, group: group, responder: parts.responder,
            logger: ChangeStage.quiet, limits: ConnectionLimits())
        for (authorization, length, status) in [
            ("Bearer wrong", 5_000_000, 403), ("Bearer \(Self.token)", 7 << 20, 413),
        ] {
            let client = try APIClient(port: listener.port)
            await client.send(
                "POST /events/s3 HTTP/1.1\r\nhost: x\r\nauthorization: \(authorization)\r\n"
                    + "content-length: \(length)\r\n\r\n")
            #expect(await client.answer()?.status == status)
        }
        let client = try APIClient(port: listener.port)
        await client.send(
            "POST /events/s3?x HTTP/1.1\r\nhost: x\r\nauthorization: \(Self.token)\r\n"
                + "content-length: 3\r\n\r\na,b")
        #expect(await client.answer()?.status == 200)
        #expect(try await parts.stage.count("changes") == 2)
        #expect(parts.bodies.withLock { $0 } == [3])
        await listener.stop()
        try await group.shutdownGracefully()
    }
}
