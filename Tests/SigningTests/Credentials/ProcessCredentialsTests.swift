import Foundation
import Testing

@testable import Signing

@Suite struct ProcessCredentialsTests {
    private func provider(
        _ command: String, _ clock: ManualClock = ManualClock(),
        environment: [String: String] = [:], timeLimit: Duration = .seconds(30)
    ) throws -> RefreshingCredentials {
        try ProcessCredentials.provider(
            command: command, place: "profile p", environment: environment,
            Sources.context(clock), timeLimit: timeLimit)
    }

    /// A program that prints this.
    private func script(_ folder: AWSFolder, _ text: String, name: String = "get keys") throws
        -> String
    {
        "'" + (try folder.write("#!/bin/sh\n" + text + "\n", to: name, mode: 0o700)) + "'"
    }

    private func keys(_ key: String = "ASIAPROC", _ more: String = "") -> String {
        #"{"Version":1,"AccessKeyId":"\#(key)","SecretAccessKey":"procsecret"\#(more)}"#
    }

    @Test func whatAProgramPrints() async throws {
        let clock = ManualClock()
        let folder = try AWSFolder()
        let more = #","SessionToken":"t","Expiration":"\#(clock.text(in: 3600))""#
        let command = try script(folder, "echo '\(keys("ASIAPROC", more))'")
        let provider = try provider(command, clock)
        #expect(provider.origin == "credential_process of profile p")
        #expect(
            try await provider.credentials()
                == Credentials(
                    accessKeyID: "ASIAPROC", secretAccessKey: "procsecret", sessionToken: "t",
                    expiration: clock.now + 3600))
    }

    /// Run again when its keys end; never, when they have no end.
    @Test(arguments: [true, false])
    func isRunAgainWhenTheKeysEnd(ends: Bool) async throws {
        let clock = ManualClock()
        let folder = try AWSFolder()
        let more = ends ? #","Expiration":"\#(clock.text(in: 3600))""# : ""
        let command = try script(
            folder, "echo x >> \(folder.path)/runs; echo '\(keys("ASIAPROC", more))'")
        let provider = try provider(command, clock)
        _ = try await provider.credentials()
        _ = try await provider.credentials()
        clock.advance(3600)
        let again = await credentialsError { try await provider.credentials() }
        #expect((again?.kind == .malformedAnswer) == ends)
        let runs = try String(contentsOfFile: folder.path + "/runs", encoding: .utf8)
        #expect(runs == (ends ? "x\nx\n" : "x\n"))
    }

    /// No shell in between: what means something to one is an argument like others.
    @Test func argumentsArriveAsTheyAre() async throws {
        let folder = try AWSFolder()
        let command = try script(
            folder, #"printf '%s|' "$#" "$@" > \#(folder.path)/arguments; echo '\#(keys())'"#)
        _ = try await provider(command + #" 'a  b' "c\"d" $HOME ; '' *.x > y"#).credentials()
        let arguments = try String(contentsOfFile: folder.path + "/arguments", encoding: .utf8)
        #expect(arguments == #"8|a  b|c"d|$HOME|;||*.x|>|y|"#)
    }

    /// It gets the environment it is given, an empty input, and none of our files.
    @Test func whatAProgramGets() async throws {
        let folder = try AWSFolder()
        // Inherited by whoever does not close it.
        let leak = open("/dev/null", O_RDONLY)
        defer { close(leak) }
        let command = try script(
            folder,
            """
            PATH=/usr/bin:/bin
            read line && echo "input: $line" >> \(folder.path)/seen
            echo "$AWS_PROFILE $UNSET" >> \(folder.path)/seen
            readlink /proc/$$/fd/\(leak) >> \(folder.path)/seen
            echo '\(keys())'
            """)
        _ = try await provider(command, environment: ["AWS_PROFILE": "backup"]).credentials()
        let seen = try String(contentsOfFile: folder.path + "/seen", encoding: .utf8)
        #expect(seen == "backup \n")
    }

    @Test(arguments: [
        ("echo topsecret; exit 3", CredentialsError.Kind.unavailable, "status 3"),
        ("kill -9 $$", .unavailable, "signal 9"), ("true", .malformedAnswer, "no JSON"),
        ("echo topsecret", .malformedAnswer, "no JSON"),
        (#"echo '{"AccessKeyId":"A","SecretAccessKey":"topsecret"}'"#, .malformedAnswer, "Version"),
        (
            #"echo '{"Version":2,"AccessKeyId":"A","SecretAccessKey":"topsecret"}'"#,
            .malformedAnswer, "Version"
        ),
        (#"echo '{"Version":1,"AccessKeyId":"A"}'"#, .malformedAnswer, "SecretAccessKey"),
        ("exec /bin/cat /dev/zero", .misconfigured, "more than 65536 bytes"),
    ])
    func failures(text: String, kind: CredentialsError.Kind, expected: String) async throws {
        let folder = try AWSFolder()
        let provider = try provider(try script(folder, text))
        let error = try #require(await credentialsError { try await provider.credentials() })
        #expect(error.kind == kind)
        #expect(error.origin == "credential_process of profile p")
        #expect(error.problem.contains(expected), "\(error)")
        #expect(!error.everything.contains("topsecret"))
    }

    @Test func aProgramThatIsNotThere() async throws {
        let provider = try provider("/nowhere/at/all --topsecret")
        let error = try #require(await credentialsError { try await provider.credentials() })
        #expect(error.kind == .misconfigured)
        #expect(error.problem.contains("No such file"))
        #expect(!error.everything.contains("topsecret"))
    }

    /// Neither one that hangs, nor one that has said all and hangs, outlives the limit.
    @Test(arguments: [
        "echo $$ > PID; exec /bin/sleep 600", "echo $$ > PID; exec >&-; exec /bin/sleep 600",
    ])
    func aProgramThatHangsIsKilled(text: String) async throws {
        let folder = try AWSFolder()
        let file = folder.path + "/pid"
        let command = try script(folder, text.replacing("PID", with: file))
        let provider = try provider(command, timeLimit: .seconds(1))
        let error = try #require(await credentialsError { try await provider.credentials() })
        #expect(error.kind == .unavailable)
        #expect(error.problem.contains("within 1 seconds"))
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let pid = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(kill(pid, 0) == -1)
    }

    @Test(arguments: ["'unclosed", "\"unclosed", "a\\", "", "   "])
    func commandsThatAreNone(command: String) {
        let error = #expect(throws: CredentialsError.self) { try provider(command) }
        #expect(error?.kind == .misconfigured)
    }
}
