/// A function as a caller names it: bare, with a qualifier, as a partial or a whole ARN.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_RequestParameters>
struct FunctionReference: Equatable, Sendable {
    var name: String
    /// A version, an alias or "$LATEST"; nil: unqualified.
    var qualifier: String?

    /// - Parameters:
    ///   - qualifier: of the query.
    ///   - region, account: that are here: what is another's has nothing to do with a function of the same name.
    init(
        _ text: String, qualifier: String?, region: String, account: String
    ) throws(LambdaServiceError) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        var own: String?
        var owner = account
        switch parts.count {
        case 1: name = parts[0]
        case 2:
            name = parts[0]
            own = parts[1]
        case 3...4 where parts[1] == "function":
            owner = parts[0]
            name = parts[2]
            own = parts.count > 3 ? parts[3] : nil
        case 7...8 where parts[0] == "arn" && parts[2] == "lambda" && parts[5] == "function":
            guard parts[3] == region else {
                throw LambdaServiceError(
                    .resourceNotFound,
                    "Functions from '\(parts[3])' are not reachable in this region ('\(region)')")
            }
            owner = parts[4]
            name = parts[6]
            own = parts.count > 7 ? parts[7] : nil
        default: throw Self.malformed(text)
        }
        guard owner == account else {
            throw LambdaServiceError(.resourceNotFound, "Function not found: \(text)")
        }
        guard !name.isEmpty, name.utf8.allSatisfy(Self.isNameByte) else {
            throw Self.malformed(text)
        }
        let isAllowed: (String) -> Bool = {
            $0 == "$LATEST" || (!$0.isEmpty && $0.utf8.allSatisfy(Self.isNameByte))
        }
        if let bad = [own, qualifier].compactMap({ $0 }).first(where: { !isAllowed($0) }) {
            throw LambdaServiceError(
                .validation,
                "1 validation error detected: Value '\(bad)' at 'qualifier' failed to satisfy constraint: Member must satisfy regular expression pattern: (|[a-zA-Z0-9$_-]+)"
            )
        }
        if let own, let qualifier, own != qualifier {
            throw LambdaServiceError(
                .invalidParameterValue,
                "The derived qualifier from the function name does not match the specified qualifier."
            )
        }
        self.qualifier = own ?? qualifier
    }

    static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func malformed(_ text: String) -> LambdaServiceError {
        LambdaServiceError(
            .validation,
            "1 validation error detected: Value '\(text)' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?"
        )
    }
}
