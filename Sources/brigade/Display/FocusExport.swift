import Runtime

/// A bill in the columns of FOCUS 1.1, as CSV: for the tools that read cloud bills.
///
/// Source: <https://focus.finops.org/focus-specification/v1-1/>
enum FocusExport {
    static let columns = [
        "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency",
        "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass",
        "ChargeDescription", "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart",
        "ConsumedQuantity", "ConsumedUnit", "ContractedCost", "EffectiveCost",
        "InvoiceIssuerName", "ListCost", "ListUnitPrice", "PricingCategory", "PricingQuantity",
        "PricingUnit", "ProviderName", "PublisherName", "RegionId", "ResourceId", "ResourceName",
        "ResourceType", "ServiceCategory", "ServiceName", "ServiceSubcategory", "SkuId",
        "SubAccountId", "Tags",
    ]

    private struct Charge {
        var cost: Money
        var description: String
        var quantity: String
        var unit: String
        var unitPrice: Money
        var listCost: Money
        var service: String
        var category: String
        var subcategory: String
        var resource: String
        var resourceType: String
        var sku: String
    }

    static func csv(_ bill: Bill) -> String {
        var lines = [columns.joined(separator: ",")]
        for line in bill.lines {
            for charge in charges(line, bill.card) {
                let values = values(charge, line.piece, bill.card)
                lines.append(
                    columns.map { CSV.field(values[$0] ?? "") }.joined(separator: ","))
            }
        }
        return lines.joined(separator: "\n")
    }

    private static func charges(_ line: Bill.Line, _ card: RateCard) -> [Charge] {
        var charges: [Charge] = []
        if let function = line.function {
            let name = function.tally.function
            let price = Money(picodollars: card.picodollarsPerRequest)
            charges.append(
                Charge(
                    cost: function.requestCost,
                    description:
                        "Requests, \(function.freeRequests) of them within the month's free ones",
                    quantity: "\(function.tally.invocations)", unit: "Requests", unitPrice: price,
                    listCost: Money(
                        picodollars: Int64(function.tally.invocations)
                            * card.picodollarsPerRequest),
                    service: "AWS Lambda", category: "Compute", subcategory: "Serverless Compute",
                    resource: name, resourceType: "Function", sku: "Lambda-Requests"))
            let quantity = LambdaQuantity(function.tally)
            charges.append(
                Charge(
                    cost: function.computeCost,
                    description: "Compute at \(function.tally.memoryMB) MB",
                    quantity: quantity.gbSeconds, unit: "GB-Seconds",
                    unitPrice: Money(picodollars: card.tiers[0].picodollarsPerGBSecond),
                    listCost: quantity.cost(card.tiers[0].picodollarsPerGBSecond),
                    service: "AWS Lambda", category: "Compute", subcategory: "Serverless Compute",
                    resource: name, resourceType: "Function", sku: "Lambda-GB-Second"))
        }
        for request in line.requests {
            let usage = request.usage
            let isFree = request.cost == .zero && request.transferCost == .zero
            let price = isFree ? 0 : card.requests.price(of: usage.requestClass)
            charges.append(
                Charge(
                    cost: request.cost, description: "\(usage.requestClass) requests",
                    quantity: "\(usage.requests)", unit: "Requests",
                    unitPrice: Money(picodollars: price),
                    listCost: Money(picodollars: Int64(usage.requests) * price),
                    service: "Amazon S3", category: "Storage", subcategory: "Object Storage",
                    resource: usage.connection, resourceType: "Connection",
                    sku: "S3-Requests-\(usage.requestClass)"))
            if request.transferCost != .zero {
                charges.append(
                    Charge(
                        cost: request.transferCost, description: "Bytes out of the store",
                        quantity: "\(usage.bytesIn)", unit: "Bytes", unitPrice: .zero,
                        listCost: request.transferCost, service: "Data Transfer",
                        category: "Networking", subcategory: "Other (Networking)",
                        resource: usage.connection, resourceType: "Connection",
                        sku: "Transfer-Out"))
            }
        }
        return charges
    }

    private static func values(
        _ charge: Charge, _ piece: LedgerPiece, _ card: RateCard
    ) -> [String: String] {
        func moment(_ day: Int64) -> String { CalendarDay.text(day) + "T00:00:00Z" }
        let tags = JSONValue.object([
            "run": .optional(piece.run?.run), "command": .optional(piece.run?.command),
            "rule": .optional(piece.rule.isEmpty ? nil : piece.rule),
        ])
        let provider = card.provider.isEmpty ? "self" : card.provider
        return [
            "BilledCost": charge.cost.exactDecimal, "EffectiveCost": charge.cost.exactDecimal,
            "ContractedCost": charge.cost.exactDecimal, "ListCost": charge.listCost.exactDecimal,
            "ListUnitPrice": charge.unit == "Bytes" ? "" : charge.unitPrice.exactDecimal,
            "BillingAccountId": "brigade", "BillingAccountName": "brigade",
            "BillingCurrency": Statement.currency,
            "BillingPeriodStart": moment(CalendarDay.firstOfMonth(piece.day)),
            "BillingPeriodEnd": moment(CalendarDay.firstOfNextMonth(piece.day)),
            "ChargePeriodStart": moment(piece.day), "ChargePeriodEnd": moment(piece.day + 1),
            "ChargeCategory": "Usage", "ChargeFrequency": "Usage-Based",
            "ChargeDescription": charge.description, "PricingCategory": "Standard",
            "PricingQuantity": charge.quantity, "PricingUnit": charge.unit,
            "ConsumedQuantity": charge.quantity, "ConsumedUnit": charge.unit,
            "ProviderName": provider, "PublisherName": provider, "InvoiceIssuerName": "brigade",
            "RegionId": card.region, "ResourceId": charge.resource,
            "ResourceName": charge.resource, "ResourceType": charge.resourceType,
            "ServiceName": charge.service, "ServiceCategory": charge.category,
            "ServiceSubcategory": charge.subcategory, "SkuId": charge.sku, "SubAccountId": "",
            "Tags": tags.text,
        ]
    }
}

/// GB-seconds of a tally, exactly: a power of two under the megabytes, a thousand under the milliseconds.
private struct LambdaQuantity {
    let megabyteMilliseconds: Int128

    init(_ tally: InvocationTally) {
        megabyteMilliseconds = Int128(tally.memoryMB) * Int128(tally.billedMilliseconds)
    }

    /// 1 / 1,024,000 has 13 decimals.
    var gbSeconds: String {
        let (whole, rest) = megabyteMilliseconds.quotientAndRemainder(dividingBy: 1_024_000)
        guard rest > 0 else { return "\(whole)" }
        let part = String(rest * 10_000_000_000_000 / 1_024_000)
        var digits = String(repeating: "0", count: 13 - part.count) + part
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(whole).\(digits)"
    }

    func cost(_ picodollarsPerGBSecond: Int64) -> Money {
        let cost = megabyteMilliseconds * Int128(picodollarsPerGBSecond)
        return Money(picodollars: Int64(clamping: (cost + 512_000) / 1_024_000))
    }
}
