import S3

/// One side's pages in turn. At most one call is in flight at a time.
protocol PageReader: Sendable {
    func next() async throws -> SidePage
}

/// A page as the join takes it in.
struct SidePage: Sendable {
    var objects: [ListedObject]
    var isLast: Bool
    /// How long the store took, for the decision to list in ranges.
    var waited: Duration
}

/// Reads a listing page by page, from a key on, and refuses to go round in circles.
actor ListingReader: PageReader {
    /// S3's own limit of a page (API reference, ListObjectsV2, max-keys).
    static let keysPerPage = 1000

    private let source: any ListingSource
    private let startAfter: ObjectKey?
    private let maxKeys: Int
    private var token: String?
    /// Brent's cycle detection: one token is remembered, and replaced after 1, 2, 4, … pages, so that
    /// a cycle of any length is found in constant memory.
    private var remembered: String?
    private var pagesUntilRenewal = 1
    private var renewalInterval = 1

    init(_ source: any ListingSource, startAfter: ObjectKey? = nil, maxKeys: Int = keysPerPage) {
        self.source = source
        self.startAfter = startAfter
        self.maxKeys = maxKeys
    }

    func next() async throws -> SidePage {
        let clock = ContinuousClock()
        let start = clock.now
        let page = try await source.page(
            startAfter: token == nil ? startAfter : nil, token: token, maxKeys: maxKeys)
        if let next = page.nextToken { try advance(to: next) }
        return SidePage(
            objects: page.objects, isLast: page.nextToken == nil,
            waited: start.duration(to: clock.now))
    }

    private func advance(to next: String) throws {
        if next == token || next == remembered {
            throw source.malformed(
                "the listing of \(source.bucket) at \(source.connection) does not end: the same "
                    + "continuation token came twice")
        }
        token = next
        pagesUntilRenewal -= 1
        if pagesUntilRenewal == 0 {
            remembered = next
            renewalInterval *= 2
            pagesUntilRenewal = renewalInterval
        }
    }
}
