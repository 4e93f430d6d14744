// The members are named as AWS names them on the wire.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import FoundationEssentials

/// What an invocation used at one endpoint, as a line of its log in CloudWatch's embedded metric format: AWS makes metrics
/// of it, and the bundled runtime reads it for the ledger. So one binary is metered in both places.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
public enum EmbeddedMetric {
    static let namespace = "BucketBrigade"

    private struct Document: Codable {
        struct Directive: Codable {
            struct Metric: Codable {
                var Name: String
                var Unit: String
            }

            var Namespace: String
            var Dimensions: [[String]]
            var Metrics: [Metric]
        }

        struct Header: Codable {
            var Timestamp: Int64
            var CloudWatchMetrics: [Directive]
        }

        var _aws: Header
        var FunctionName: String
        var Connection: String
        var RequestClass: String
        var Requests: Int
        var BytesIn: Int64
        var BytesOut: Int64
        var requestId: String
    }

    static func line(
        _ usage: InvocationUsage.Line, requestID: String, functionName: String, milliseconds: Int64
    ) -> String {
        let document = Document(
            _aws: .init(
                Timestamp: milliseconds,
                CloudWatchMetrics: [
                    .init(
                        Namespace: namespace,
                        Dimensions: [["FunctionName", "Connection", "RequestClass"]],
                        Metrics: [
                            .init(Name: "Requests", Unit: "Count"),
                            .init(Name: "BytesIn", Unit: "Bytes"),
                            .init(Name: "BytesOut", Unit: "Bytes"),
                        ])
                ]),
            FunctionName: functionName, Connection: usage.connection,
            RequestClass: usage.requestClass, Requests: usage.requests, BytesIn: usage.bytesIn,
            BytesOut: usage.bytesOut, requestId: requestID)
        // Strings and whole numbers always encode.
        return String(decoding: (try? LambdaJSON.encode(document)) ?? [], as: UTF8.self)
    }

    /// What a line of a function's log says of its use; nil for every other line, at the cost of a look at its first bytes.
    public static func usage(in line: String) -> InvocationUsage.Line? {
        guard line.utf8.first == UInt8(ascii: "{"), line.contains("\"_aws\""),
            line.contains("\"\(namespace)\""),
            // A line that only looks like one is the function's own.
            let document = try? JSONDecoder().decode(Document.self, from: Data(line.utf8))
        else { return nil }
        let line = InvocationUsage.Line(
            connection: document.Connection, requestClass: document.RequestClass,
            requests: document.Requests, bytesIn: document.BytesIn, bytesOut: document.BytesOut)
        return line.isPossible ? line : nil
    }
}
