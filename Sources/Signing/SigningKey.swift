/// The key of one day, region and service, derived from a secret. As secret as that: it is never printed.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
public struct SigningKey: Sendable, CustomStringConvertible, CustomReflectable {
    let key: HMACKey

    /// - Parameter day: "20130524"
    public init(secretAccessKey: String, day: String, region: String, service: String) {
        var seed = Array("AWS4".utf8)
        seed.append(contentsOf: secretAccessKey.utf8)
        var key = seed.withUnsafeBytes { HMACKey($0) }
        for step in [day, region, service, "aws4_request"] {
            key = key.mac(Array(step.utf8)).withBytes { HMACKey($0) }
        }
        self.key = key
    }

    /// The signature of a string to sign.
    public func sign(_ bytes: UnsafeRawBufferPointer) -> String { key.mac(bytes).hex }

    public var description: String { "SigningKey" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
