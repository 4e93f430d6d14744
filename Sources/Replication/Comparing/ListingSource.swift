import S3

/// One page of a listing. `nextToken` is nil on the last one.
struct ListingPage: Sendable {
    var objects: [ListedObject]
    var nextToken: String?
}

/// One side of a comparison: where its pages come from, in whatever order the store gives them.
protocol ListingSource: Sendable {
    /// Every listed key begins with it.
    var prefix: ObjectKey { get }
    /// The connection's name and the bucket, for messages.
    var connection: String { get }
    var bucket: String { get }
    /// As configured and learnt so far.
    var dialect: Dialect { get }
    func learn(_ change: (inout Dialect) -> Void)
    /// One request. `startAfter` is a whole key, used without a token.
    func page(startAfter: ObjectKey?, token: String?, maxKeys: Int) async throws -> ListingPage
}

extension ListingSource {
    func malformed(_ message: String, key: ObjectKey? = nil) -> S3Error {
        S3Error(
            kind: .malformedAnswer, operation: "ListObjects", connection: connection,
            bucket: bucket, key: key, message: message)
    }
}

/// A place's own listing.
struct PlaceListing: ListingSource {
    private(set) var place: Place

    init(_ place: Place, meter: UsageMeter?) {
        self.place = place
        if let meter { self.place.client = place.client.metered(by: meter) }
    }

    var prefix: ObjectKey { place.prefix }
    var connection: String { place.client.connection.name }
    var bucket: String { place.bucket }
    var dialect: Dialect { place.client.dialect }
    func learn(_ change: (inout Dialect) -> Void) { place.client.learn(change) }

    func page(startAfter: ObjectKey?, token: String?, maxKeys: Int) async throws -> ListingPage {
        let page = try await place.client.listObjects(
            place.bucket, prefix: place.prefix, startAfter: startAfter, token: token,
            maxKeys: maxKeys)
        return ListingPage(objects: page.objects, nextToken: page.nextToken)
    }
}
