import Testing

@testable import Runtime

/// Settings that Lambda refuses, in its words.
@Suite struct FunctionRulesTests {
    private static let patterns = "failed to satisfy constraint: Member must satisfy"

    private func message(
        _ change: (inout FunctionDocuments.Settings) -> Void
    ) async -> (LambdaServiceError.Kind, String)? {
        var settings = FunctionDocuments.Settings()
        change(&settings)
        let given = settings
        return await refusal { try FunctionRules.check(given) }.map { ($0.kind, $0.message) }
    }

    @Test(
        arguments: [
            ("Yaml", nil, nil, "'Yaml' at 'loggingConfig.logFormat'", "[JSON, Text]"),
            (
                "JSON", "NOTICE", nil, "'NOTICE' at 'loggingConfig.applicationLogLevel'",
                "[TRACE, DEBUG, INFO, WARN, ERROR, FATAL]"
            ),
            (
                "JSON", nil, "ERROR", "'ERROR' at 'loggingConfig.systemLogLevel'",
                "[DEBUG, INFO, WARN]"
            ),
        ] as [(String, String?, String?, String, String)])
    func logging(
        format: String, application: String?, system: String?, what: String, set: String
    ) async {
        let said = await message {
            $0.LoggingConfig = .init(
                LogFormat: format, ApplicationLogLevel: application, SystemLogLevel: system)
        }
        #expect(said?.0 == .validation)
        #expect(
            said?.1
                == "1 validation error detected: Value \(what) \(Self.patterns) enum value set: \(set)"
        )
    }

    @Test func otherSettings() async {
        let role = await message { $0.Role = "admin" }
        #expect(
            role?.1
                == #"1 validation error detected: Value 'admin' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"#
        )
        let handler = await message { $0.Handler = "app handler" }
        #expect(
            handler?.1
                == #"1 validation error detected: Value 'app handler' at 'handler' failed to satisfy constraint: Member must satisfy regular expression pattern: [^\s]+"#
        )
        let long = String(repeating: "x", count: 129)
        let length = await message { $0.Handler = long }
        #expect(
            length?.1
                == "1 validation error detected: Value '\(long)' at 'handler' failed to satisfy constraint: Member must have length less than or equal to 128"
        )
        let mode = await message { $0.TracingConfig = .init(Mode: "On") }
        #expect(
            mode?.1
                == "1 validation error detected: Value 'On' at 'tracingConfig.mode' \(Self.patterns) enum value set: [Active, PassThrough]"
        )
        let group = await message { $0.LoggingConfig = .init(LogGroup: "my group") }
        #expect(group?.0 == .validation)
        for said in [role, handler, length, mode] { #expect(said?.0 == .validation) }
    }

    @Test(arguments: [
        "arn:aws:iam::000000000000:role/any", "arn:aws-us-gov:iam::123456789012:role/a/b+=,.@-_c",
        "arn::iam::123456789012:roleX",
    ])
    func roles(role: String) { #expect(FunctionRules.isRole(role)) }

    @Test(arguments: [
        "", "any", "arn:aws:iam::0000:role/any", "arn:aws:iam::00000000000a:role/any",
        "arn:aws:iam::000000000000:role", "arn:aws:iam::000000000000:user/any",
        "arn:aws:iam:us-east-1:000000000000:role/any", "arn:aws:iam::000000000000:role/a b",
        "arn:gcp:iam::000000000000:role/any",
    ])
    func noRoles(role: String) { #expect(!FunctionRules.isRole(role)) }

    @Test func aLevelAloneIsForFunctionsThatLogJSON() async throws {
        let stage = try await RegistryStage()
        try await stage.create("f")
        func update(_ logging: FunctionDocuments.Logging) async throws {
            var settings = FunctionDocuments.Settings()
            settings.LoggingConfig = logging
            let made = try await stage.registry.updateConfiguration("f", settings)
            await stage.registry.settleNow("f", made.RevisionId)
        }
        let text = await refusal { try await update(.init(ApplicationLogLevel: "DEBUG")) }
        #expect(text?.kind == .invalidParameterValue)
        #expect(text?.message.hasPrefix("LogLevel is not supported when LogFormat") == true)
        try await update(.init(LogFormat: "JSON"))
        try await update(.init(ApplicationLogLevel: "DEBUG"))
        let shown = try stage.registry.configuration("f", qualifier: nil).LoggingConfig
        #expect(shown.LogFormat == "JSON" && shown.ApplicationLogLevel == "DEBUG")
        #expect(shown.SystemLogLevel == "INFO")
        let back = await refusal {
            try await update(.init(LogFormat: "Text", ApplicationLogLevel: "DEBUG"))
        }
        #expect(back?.kind == .invalidParameterValue)
    }
}

@Suite struct VariableRulesTests {
    /// A process would be given "x": not what was said.
    @Test func aVariableHasNoNUL() {
        var settings = FunctionDocuments.Settings()
        settings.Environment = .init(Variables: ["A": "x\u{0}y"])
        #expect(throws: LambdaServiceError.self) { try FunctionRules.check(settings) }
        settings.Environment = .init(Variables: ["A": "x\ny"])
        #expect(throws: Never.self) { try FunctionRules.check(settings) }
    }

    @Test func aDeadLetterTargetIsOneThatCanBeReached() {
        var settings = FunctionDocuments.Settings()
        for (target, isTaken) in [
            ("arn:aws:sqs:us-east-1:000000000000:q", true), ("http://127.0.0.1:1/", true),
            ("", true),
            ("arn:aws:sns:us-east-1:000000000000:t", false), ("q", false),
        ] {
            settings.DeadLetterConfig = .init(TargetArn: target)
            #expect((try? FunctionRules.check(settings)) != nil || !isTaken)
            #expect((try? FunctionRules.check(settings)) == nil || isTaken)
        }
    }
}
