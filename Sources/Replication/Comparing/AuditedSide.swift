import S3

/// The next block of a body; nil at its end.
typealias BlockReader = @Sendable () async throws -> [UInt8]?

/// What an audit asks of one side; keys are relative.
protocol AuditedSide: Sendable {
    /// The connection's name, for messages.
    var name: String { get }
    var dialect: Dialect { get }
    func head(_ key: ObjectKey, _ options: ReadOptions) async throws -> ObjectHead
    func read<R: Sendable>(
        _ key: ObjectKey, _ options: ReadOptions,
        consume: @Sendable (ObjectHead, @escaping BlockReader) async throws -> R
    ) async throws -> R
    func tags(_ key: ObjectKey) async throws -> [Tag]
}

struct PlaceSide: AuditedSide {
    private let client: S3Client
    private let place: Place

    init(_ place: Place, meter: UsageMeter?) {
        self.place = place
        client = meter.map { place.client.metered(by: $0) } ?? place.client
    }

    var name: String { client.connection.name }
    var dialect: Dialect { client.dialect }

    private func address(_ key: ObjectKey) -> ObjectAddress {
        ObjectAddress(bucket: place.bucket, key: place.prefix + key)
    }

    func head(_ key: ObjectKey, _ options: ReadOptions) async throws -> ObjectHead {
        try await client.headObject(address(key), options)
    }

    func read<R: Sendable>(
        _ key: ObjectKey, _ options: ReadOptions,
        consume: @Sendable (ObjectHead, @escaping BlockReader) async throws -> R
    ) async throws -> R {
        try await client.readObject(address(key), options) { head, body in
            try await consume(head) { try await body.next() }
        }
    }

    func tags(_ key: ObjectKey) async throws -> [Tag] { try await client.tags(address(key)) }
}
