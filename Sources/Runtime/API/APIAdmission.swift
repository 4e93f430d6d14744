/// What a request's head was found to be, before its body is taken.
public struct APIAdmission: Sendable {
    /// What the request is for.
    enum Target: Sendable {
        /// Of the operations, by its place; with what stands in the path for the pattern's stars.
        case route(Int, [String], isEvent: Bool)
        /// There are operations at this path, but not with this method.
        case otherMethod
        case nothing
    }

    /// How large the body may be, in bytes.
    public let bodyLimit: Int
    let claim: LambdaAuthenticator.Claim
    let target: Target
}
