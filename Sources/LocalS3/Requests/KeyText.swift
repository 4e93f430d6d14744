import Signing
import XML

/// How keys are written into a document.
struct KeyText {
    let isURLEncoded: Bool

    init(_ request: S3Request) throws(S3Failure) {
        switch request.parameter("encoding-type") {
        case nil, "": isURLEncoded = false
        case "url": isURLEncoded = true
        case let value?:
            throw S3Failure.invalidArgument(
                "Invalid Encoding Method specified in Request", name: "encoding-type",
                value: value)
        }
    }

    func write(_ name: StaticString, _ key: [UInt8], into writer: inout XMLWriter) {
        if isURLEncoded {
            writer.element(name, URIEncoding.encode(key, keepSlash: true))
        } else {
            writer.element(name, key)
        }
    }
}
