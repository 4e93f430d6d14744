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
            else { throw invalid(header) }
            tags.append(NamedValue(key, value))
        }
        do throws(S3Failure) {
            try check(tags)
        } catch {
            throw error.code == .invalidTag ? invalid(header) : error
        }
        return tags
    }

    private static func invalid(_ header: String) -> S3Failure {
        .invalidArgument(
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag "
                + "name duplicates.",
            name: "x-amz-tagging", value: header)
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
        var names: Set<String> = []
        for tag in tags {
            func invalid(_ message: String) -> S3Failure {
                S3Failure(.invalidTag, message, details: [.init(name: .tagKey, value: tag.name)])
            }
            guard names.insert(tag.name).inserted else {
                throw invalid("Cannot provide multiple Tags with the same key")
            }
            guard !tag.name.isEmpty, isText(tag.name, keyCharactersMaximum) else {
                throw invalid("The TagKey you have provided is invalid")
            }
            guard isText(tag.value, valueCharactersMaximum) else {
                throw invalid("The TagValue you have provided is invalid")
            }
            guard !tag.name.lowercased().hasPrefix("aws:") else {
                throw invalid("Your TagKey cannot be prefixed with aws:")
            }
        }
    }

    /// Letters with their marks, spaces, numbers, and a few signs.
    private static func isText(_ text: String, _ maximum: Int) -> Bool {
        text.unicodeScalars.count <= maximum
            && text.unicodeScalars.allSatisfy { scalar in
                switch scalar.properties.generalCategory {
                case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter,
                    .otherLetter, .nonspacingMark, .spacingMark, .decimalNumber, .letterNumber,
                    .otherNumber, .spaceSeparator, .lineSeparator, .paragraphSeparator:
                    true
                default: "_.:/=+-@".unicodeScalars.contains(scalar)
                }
            }
    }
}
