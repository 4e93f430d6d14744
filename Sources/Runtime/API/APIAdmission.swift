/// What a request's head was found to be, before its body is taken.
public struct APIAdmission: Sendable {
    /// What the request is for.
    enum Target: Sendable {
        /// Of the operations, by its place; with what stands in the path for the pattern's stars.
        case route(Int, [String], isEvent: Bool)
        /// There are operations at this path, but not with this method.
        case otherMethod
        case nothing
        /// Of another kind than the Lambda API, by its path.
        case endpoint(String)
    }

    /// How large the body may be, in bytes.
    public let bodyLimit: Int
    /// nil: it is not signed, and its endpoint has let it in.
    let claim: LambdaAuthenticator.Claim?
    let target: Target
}
