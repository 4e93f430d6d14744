import Replication
import S3
import Signing

/// What a rule has set aside instead of deleting it.
enum Quarantine {
    /// Deletes what was set aside longer ago. What is not named as a quarantine names it is left alone.
    static func purge(_ rule: ReplicationRule, days: Int, meter: UsageMeter) async throws {
        guard let place = rule.quarantine else { return }
        let client = place.client.metered(by: meter)
        let limit = Timestamps.nowMilliseconds() - Int64(days) * 86_400_000
        // Folders sort by time: what is not older has its name at or behind this one.
        let end = place.prefix + ReplicationRule.quarantineFolder(limit)
        var token: String?
        repeat {
            let page = try await client.listObjects(
                place.bucket, prefix: place.prefix, startAfter: nil, token: token, maxKeys: 1000)
            for object in page.objects where object.key < end && isSetAside(object.key, place) {
                try await client.deleteObject(
                    ObjectAddress(bucket: place.bucket, key: object.key))
            }
            guard let last = page.objects.last, last.key < end else { return }
            token = page.nextToken
        } while token != nil
    }

    /// "2026-11-25T19-03-18Z/" and more.
    private static func isSetAside(_ key: ObjectKey, _ place: Place) -> Bool {
        let rest = key.dropping(prefix: place.prefix).bytes
        let pattern = Array("0000-00-00T00-00-00Z/".utf8)
        guard rest.count > pattern.count else { return false }
        return zip(rest, pattern).allSatisfy { byte, wanted in
            wanted == UInt8(ascii: "0") ? (0x30...0x39).contains(byte) : byte == wanted
        }
    }
}
