extension RateCard {
    /// 100 ms steps, as Lambda was billed until December 2020: 0.00001667 USD a GB-second, the first
    /// million requests a month free and 0.20 USD for each million after that, init free.
    ///
    /// Source: <https://aws.amazon.com/blogs/aws/new-for-aws-lambda-1ms-billing-granularity-adds-cost-savings/>
    public static let notes = builtIn(
        """
        {"name": "notes", "provider": "AWS", "region": "us-east-1",
         "lambda": {"roundingMilliseconds": 100, "billsInit": false, "perMillionRequests": "0.20",
          "freeRequestsPerMonth": 1000000, "freeGBSecondsPerMonth": 0,
          "perGBSecond": [{"price": "0.00001667"}]},
         "s3": {"perThousandWrites": "0.005", "perThousandReads": "0.0004"}}
        """)

    /// AWS in us-east-1, Lambda on x86: 1 ms steps, init billed (since August 2025), tiers by month; S3 Standard's
    /// requests; bytes out of AWS to the internet.
    ///
    /// Source: <https://aws.amazon.com/lambda/pricing/>, <https://aws.amazon.com/s3/pricing/>
    public static let lambdaX86 = builtIn(
        """
        {"name": "aws-us-east-1", "provider": "AWS", "region": "us-east-1",
         "lambda": {"roundingMilliseconds": 1, "billsInit": true, "perMillionRequests": "0.20",
          "freeRequestsPerMonth": 1000000, "freeGBSecondsPerMonth": 400000,
          "perGBSecond": [
           {"upToGBSeconds": 6000000000, "price": "0.0000166667"},
           {"upToGBSeconds": 15000000000, "price": "0.000015"},
           {"price": "0.0000133334"}]},
         "s3": {"perThousandWrites": "0.005", "perThousandReads": "0.0004"},
         "transferOut": {"freeGBPerMonth": 100, "perGB": [
           {"upToGB": 10240, "price": "0.09"}, {"upToGB": 51200, "price": "0.085"},
           {"upToGB": 153600, "price": "0.07"}, {"price": "0.05"}]}}
        """)

    /// The same with Lambda on arm64.
    ///
    /// Source: <https://aws.amazon.com/lambda/pricing/>
    public static let lambdaARM = builtIn(
        """
        {"name": "aws-us-east-1-arm", "provider": "AWS", "region": "us-east-1",
         "lambda": {"roundingMilliseconds": 1, "billsInit": true, "perMillionRequests": "0.20",
          "freeRequestsPerMonth": 1000000, "freeGBSecondsPerMonth": 400000,
          "perGBSecond": [
           {"upToGBSeconds": 7500000000, "price": "0.0000133334"},
           {"upToGBSeconds": 18750000000, "price": "0.0000120001"},
           {"price": "0.0000106667"}]},
         "s3": {"perThousandWrites": "0.005", "perThousandReads": "0.0004"},
         "transferOut": {"freeGBPerMonth": 100, "perGB": [
           {"upToGB": 10240, "price": "0.09"}, {"upToGB": 51200, "price": "0.085"},
           {"upToGB": 153600, "price": "0.07"}, {"price": "0.05"}]}}
        """)

    /// One's own machine and stores: measured, and charged by nobody.
    public static let free = builtIn(
        """
        {"name": "free", "provider": "self", "region": "",
         "lambda": {"roundingMilliseconds": 1, "billsInit": true, "perMillionRequests": "0",
          "freeRequestsPerMonth": 0, "freeGBSecondsPerMonth": 0, "perGBSecond": [{"price": "0"}]},
         "s3": {"perThousandWrites": "0", "perThousandReads": "0"}}
        """)

    public static let all = [notes, lambdaX86, lambdaARM, free]

    private static func builtIn(_ json: String) -> RateCard {
        do {
            return try RateCard(json: Array(json.utf8))
        } catch {
            // The tests read every one of them.
            preconditionFailure("a rate card of our own: \(error)")
        }
    }
}
