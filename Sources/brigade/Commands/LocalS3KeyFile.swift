import Foundation
import LocalS3
import Signing

/// More key pairs for an embedded endpoint, from a file like AWS's shared credentials file:
///
///     [writer]
///     aws_access_key_id = ...
///     aws_secret_access_key = ...
///
///     [auditor]
///     aws_access_key_id = ...
///     aws_secret_access_key = ...
///     access = read
///
/// So a profile of that file is what a client of the endpoint names. `access` is `write` where it is not said.
enum LocalS3KeyFile {
    /// - Throws: ``CommandFailure`` that names the file and the section, never what they hold.
    static func read(_ path: String) throws(CommandFailure) -> [LocalS3AccessKey] {
        let text: String
        do {
            text = try String(contentsOf: URL(filePath: path), encoding: .utf8)
        } catch {
            throw CommandFailure(
                .usage, "cannot read the keys in \(path)",
                advice: "Name a text file that this user may read with --keys.")
        }
        return try parse(text, path)
    }

    static func parse(_ text: String, _ path: String) throws(CommandFailure) -> [LocalS3AccessKey] {
        let document: INIDocument
        do throws(INIError) {
            document = try INIDocument(text)
        } catch {
            throw CommandFailure(
                .usage, "\(path), line \(error.line): \(error.problem)",
                advice: "It is read like AWS's credentials file.")
        }
        var keys: [LocalS3AccessKey] = []
        for section in document.sections {
            func refuse(_ problem: String, _ advice: String) -> CommandFailure {
                CommandFailure(.usage, "\(path), [\(section.name)]: \(problem)", advice: advice)
            }
            guard let access = section.values["aws_access_key_id"], !access.isEmpty,
                let secret = section.values["aws_secret_access_key"], !secret.isEmpty
            else {
                throw refuse(
                    "half a key pair", "Give aws_access_key_id and aws_secret_access_key both.")
            }
            guard LocalS3Keys.isAccessKey(access) else {
                throw refuse("aws_access_key_id is no access key", LocalS3Keys.accessAdvice)
            }
            let right = section.values["access"] ?? "write"
            guard right == "write" || right == "read" else {
                throw refuse(
                    "access is neither read nor write", "Write access = read, or leave it out.")
            }
            keys.append(
                LocalS3AccessKey(
                    accessKeyID: access, secretAccessKey: secret, isReadOnly: right == "read"))
        }
        guard !keys.isEmpty else {
            throw CommandFailure(
                .usage, "\(path) holds no key pair", advice: "Give each pair a section of its own.")
        }
        return keys
    }

    /// An access key that occurs more than once.
    static func repeated(_ keys: [LocalS3AccessKey]) -> String? {
        var known: Set<String> = []
        return keys.first { !known.insert($0.accessKeyID).inserted }?.accessKeyID
    }
}
