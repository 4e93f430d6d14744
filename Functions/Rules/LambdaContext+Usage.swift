import Lambda
import S3

extension LambdaContext {
    /// Reports to the invocation's bill what a meter has counted.
    func report(_ meter: UsageMeter) {
        for line in meter.lines {
            usage.record(
                InvocationUsage.Line(
                    connection: line.connection, requestClass: line.requestClass.rawValue,
                    requests: line.requests, bytesIn: line.bytesIn, bytesOut: line.bytesOut))
        }
    }
}
