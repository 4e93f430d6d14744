import Lambda
import S3

extension LambdaContext {
    /// Reports to the invocation's bill what a meter has counted.
    func report(_ meter: UsageMeter) {
        for line in meter.lines { usage.record(InvocationUsage.Line(line)) }
    }
}

extension InvocationUsage.Line {
    /// What a client's meter has counted, as a bill has it.
    public init(_ line: UsageMeter.Line) {
        self.init(
            connection: line.connection, requestClass: line.requestClass.rawValue,
            requests: line.requests, bytesIn: line.bytesIn, bytesOut: line.bytesOut)
    }
}
