import Signing

/// The key pair of the runtime's own API: an AWS shared credentials file with the profile `brigade`, so that AWS's clients
/// take it as it is. Made at the first start, readable by its owner alone.
///
/// Source of the format: <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>
public enum RuntimeCredentials {
    static let profile = "brigade"

    /// - Throws: ``StateError`` of kind `.unusable`, which never shows the file's text.
    public static func load(path: String) throws(StateError) -> Credentials {
        guard let bytes = try SecretFile.read(path) else { return try make(path) }
        // Told below.
        guard let document = try? INIDocument(String(decoding: bytes, as: UTF8.self)),
            let values = document.sections.first(where: { $0.name == profile })?.values,
            let key = values["aws_access_key_id"], let secret = values["aws_secret_access_key"],
            !key.isEmpty, !secret.isEmpty
        else {
            throw StateError(
                .unusable,
                "\(path) has no key pair in a section [\(profile)]; move it away for a new one")
        }
        return Credentials(accessKeyID: key, secretAccessKey: secret)
    }

    private static func make(_ path: String) throws(StateError) -> Credentials {
        let upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
        let key = "BRIGADE" + SecretFile.random(13, of: upper)
        let secret = SecretFile.random(
            40, of: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        let document =
            "[\(profile)]\naws_access_key_id = \(key)\naws_secret_access_key = \(secret)\n"
        try SecretFile.make(path, document)
        return Credentials(accessKeyID: key, secretAccessKey: secret)
    }
}
