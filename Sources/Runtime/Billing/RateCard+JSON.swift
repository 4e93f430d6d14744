import FoundationEssentials

/// Why a rate card cannot be read. `kind` is the only thing code branches on.
public struct RateCardError: Error, Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        /// Not JSON, or not of the form that `RATES.md` describes.
        case malformed
        /// A price that is no decimal number, or finer than a picodollar.
        case price
    }

    public var kind: Kind
    public var message: String
    public var cause: (any Error)?

    public var description: String { message }
}

extension RateCard {
    /// Reads a card as `RATES.md` describes it. Prices are decimal texts: they never pass through a floating-point number.
    public init(json: [UInt8]) throws(RateCardError) {
        let document: RateCardDocument
        do {
            document = try JSONDecoder().decode(RateCardDocument.self, from: Data(json))
        } catch let error as DecodingError {
            throw RateCardError(
                kind: .malformed, message: RateCardDocument.words(error), cause: error)
        } catch {
            throw RateCardError(kind: .malformed, message: "\(error)", cause: error)
        }
        let lambda = document.lambda
        guard (1...900_000).contains(lambda.roundingMilliseconds) else {
            throw RateCardError(
                kind: .malformed, message: "lambda.roundingMilliseconds must be from 1 to 900000")
        }
        for free in [
            lambda.freeRequestsPerMonth ?? 0, lambda.freeGBSecondsPerMonth ?? 0,
            document.transferOut?.freeGBPerMonth ?? 0,
        ] where !(0...1_000_000_000_000_000).contains(free) {
            throw RateCardError(kind: .malformed, message: "\(free) is no free allowance")
        }
        try Self.checkRising(lambda.perGBSecond.map(\.upToGBSeconds), "lambda.perGBSecond")
        try Self.checkRising(
            document.transferOut?.perGB.map(\.upToGB) ?? [nil], "transferOut.perGB")
        var tiers: [Tier] = []
        for tier in lambda.perGBSecond {
            tiers.append(
                Tier(
                    upToGBSeconds: tier.upToGBSeconds,
                    picodollarsPerGBSecond: try Self.picodollars(tier.price)))
        }
        var transfer: [TransferTier] = []
        for tier in document.transferOut?.perGB ?? [] {
            transfer.append(
                TransferTier(
                    upToGB: tier.upToGB, picodollarsPerGB: try Self.picodollars(tier.price)))
        }
        self.init(
            name: document.name, provider: document.provider ?? "",
            region: document.region ?? "", roundingMilliseconds: lambda.roundingMilliseconds,
            billsInit: lambda.billsInit,
            picodollarsPerRequest: try Self.picodollars(lambda.perMillionRequests, per: 1_000_000),
            freeRequestsPerMonth: lambda.freeRequestsPerMonth ?? 0,
            freeGBSecondsPerMonth: lambda.freeGBSecondsPerMonth ?? 0, tiers: tiers,
            requests: RequestPrices(
                write: try Self.picodollars(document.s3?.perThousandWrites ?? "0", per: 1000),
                read: try Self.picodollars(document.s3?.perThousandReads ?? "0", per: 1000)),
            freeTransferGBPerMonth: document.transferOut?.freeGBPerMonth ?? 0, transfer: transfer)
    }

    private static func checkRising(_ limits: [Int64?], _ what: String) throws(RateCardError) {
        var last: Int64 = 0
        for (index, limit) in limits.enumerated() {
            let isLast = index == limits.count - 1
            guard (limit == nil) == isLast, (limit ?? .max) > last,
                (limit ?? 0) <= 1_000_000_000_000_000
            else {
                throw RateCardError(
                    kind: .malformed,
                    message: "the tiers of \(what) must rise, and the last alone has no end")
            }
            last = limit ?? last
        }
        guard !limits.isEmpty else {
            throw RateCardError(kind: .malformed, message: "\(what) has no price")
        }
    }

    /// "0.20" for a million: 200,000 picodollars each.
    static func picodollars(_ text: String, per count: Int128 = 1) throws(RateCardError) -> Int64 {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let digits = parts.joined()
        guard (1...2).contains(parts.count), !parts.contains(where: \.isEmpty),
            digits.utf8.count <= 24,
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else {
            throw RateCardError(
                kind: .price, message: "\"\(text)\" is no price: write US dollars as in \"0.0004\"")
        }
        var value = digits.utf8.reduce(Int128(0)) { $0 * 10 + Int128($1 - UInt8(ascii: "0")) }
        value *= 1_000_000_000_000
        var divisor = count
        if parts.count == 2 { for _ in parts[1].utf8 { divisor *= 10 } }
        guard value % divisor == 0 else {
            throw RateCardError(
                kind: .price, message: "\"\(text)\" is finer than a picodollar (10^-12) for each")
        }
        guard value / divisor <= 1_000_000_000_000_000 else {
            throw RateCardError(kind: .price, message: "\"\(text)\" is more than 1000 dollars each")
        }
        return Int64(value / divisor)
    }
}

/// The JSON of a card.
private struct RateCardDocument: Decodable {
    struct Lambda: Decodable {
        struct Tier: Decodable {
            var upToGBSeconds: Int64?
            var price: String
        }

        var roundingMilliseconds: Int64
        var billsInit: Bool
        var perMillionRequests: String
        var freeRequestsPerMonth: Int64?
        var freeGBSecondsPerMonth: Int64?
        var perGBSecond: [Tier]
    }

    struct S3: Decodable {
        var perThousandWrites: String
        var perThousandReads: String
    }

    struct Transfer: Decodable {
        struct Tier: Decodable {
            var upToGB: Int64?
            var price: String
        }

        var freeGBPerMonth: Int64?
        var perGB: [Tier]
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case name, provider, region, lambda, s3, transferOut
    }

    private struct AnyKey: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    var name: String
    var provider: String?
    var region: String?
    var lambda: Lambda
    var s3: S3?
    var transferOut: Transfer?

    init(from decoder: any Decoder) throws {
        // A mistyped section would be free of charge.
        let all = try decoder.container(keyedBy: AnyKey.self)
        for key in all.allKeys where CodingKeys(stringValue: key.stringValue) == nil {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: all, debugDescription: "there is no such section")
        }
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        provider = try container.decodeIfPresent(String.self, forKey: .provider)
        region = try container.decodeIfPresent(String.self, forKey: .region)
        lambda = try container.decode(Lambda.self, forKey: .lambda)
        s3 = try container.decodeIfPresent(S3.self, forKey: .s3)
        transferOut = try container.decodeIfPresent(Transfer.self, forKey: .transferOut)
    }

    static func words(_ error: DecodingError) -> String {
        func path(_ context: DecodingError.Context) -> String {
            context.codingPath.map(\.stringValue).joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context):
            let parent = path(context)
            return "\(parent.isEmpty ? "" : parent + ".")\(key.stringValue) is missing"
        case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
            return "\(path(context)) must be a \(type)"
        case .dataCorrupted(let context):
            return context.codingPath.isEmpty
                ? "it is not JSON" : "\(path(context)): \(context.debugDescription)"
        @unknown default: return "\(error)"
        }
    }
}
