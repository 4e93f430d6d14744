import Signing
import XML

/// Object tags as they stand in the `x-amz-tagging` header and in `Tagging` documents.
///
/// Source of the limits: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>
enum Tags {
    static let countMaximum = 10
    static let keyCharactersMaximum = 128
    static let valueCharactersMaximum = 256

    /// `name=value&name=value`, percent-encoded.
    static func parse(header: String) throws(S3Failure) -> [NamedValue] {
        var tags: [NamedValue] = []
        for piece in header.split(separator: "&") {
            let pair = piece.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let key = decode(pair[0]), let value = pair.count > 1 ? decode(pair[1]) : ""
            else {
                throw S3Failure.invalidArgument(
                    "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters.",
                    name: "x-amz-tagging", value: header)
            }
            tags.append(NamedValue(key, value))
        }
        try check(tags)
        return tags
    }

    static func parse(document: [UInt8]) throws(S3Failure) -> [NamedValue] {
        var tags: [NamedValue] = []
        do throws(XMLError) {
            var scanner = XMLScanner(document)
            let root = try scanner.root("Tagging")
            while let set = try scanner.nextChild(of: root) {
                guard scanner.name(of: set, is: "TagSet") else {
                    try scanner.skip(set)
                    continue
                }
                while let tag = try scanner.nextChild(of: set) {
                    var key = ""
                    var value = ""
                    while let child = try scanner.nextChild(of: tag) {
                        if scanner.name(of: child, is: "Key") {
                            key = try scanner.string(of: child)
                        } else if scanner.name(of: child, is: "Value") {
                            value = try scanner.string(of: child)
                        } else {
                            try scanner.skip(child)
                        }
                    }
                    tags.append(NamedValue(key, value))
                }
            }
            try scanner.finish()
        } catch {
            throw S3Failure(.malformedXML)
        }
        try check(tags)
        return tags
    }

    static func document(_ tags: [NamedValue]) -> XMLWriter {
        var writer = XMLWriter()
        writer.declaration()
        writer.open("Tagging", xmlns: XMLWriter.s3Namespace)
        writer.open("TagSet")
        for tag in tags {
            writer.open("Tag")
            writer.element("Key", tag.name)
            writer.element("Value", tag.value)
            writer.close("Tag")
        }
        writer.close("TagSet")
        writer.close("Tagging")
        return writer
    }

    private static func decode(_ text: Substring) -> String? {
        URIEncoding.decode(text, plusIsSpace: true).flatMap {
            String(validating: $0, as: UTF8.self)
        }
    }

    private static func check(_ tags: [NamedValue]) throws(S3Failure) {
        guard tags.count <= countMaximum else {
            throw S3Failure(.badRequest, "Object tags cannot be greater than \(countMaximum)")
        }
        guard Set(tags.map(\.name)).count == tags.count else {
            throw S3Failure(.invalidTag, "Cannot provide multiple Tags with the same key")
        }
        for tag in tags {
            guard !tag.name.isEmpty, tag.name.unicodeScalars.count <= keyCharactersMaximum else {
                throw S3Failure(.invalidTag, "The TagKey you have provided is invalid")
            }
            guard tag.value.unicodeScalars.count <= valueCharactersMaximum else {
                throw S3Failure(.invalidTag, "The TagValue you have provided is invalid")
            }
        }
    }
}
