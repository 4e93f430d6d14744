import Testing

@testable import LocalS3

@Suite struct ObjectFileTests {
    private static var full: ObjectRecord {
        var record = ObjectRecord(key: [0, 255, 47])
        record.size = 5
        record.modifiedMilliseconds = 1_700_000_000_123
        record.etag = ETag(md5: Array(0..<16), parts: 2)
        record.headers = [NamedValue("content-type", "text/plain; charset=\"ü\"")]
        record.metadata = [NamedValue("x-amz-meta-a", ""), NamedValue("x-amz-meta-b", "grüß")]
        record.tags = [NamedValue("k", "v")]
        record.storageClass = .glacierIR
        record.checksum = StoredChecksum(
            algorithm: .crc32c, value: [1, 2, 3, 4], isComposite: true)
        record.parts = [
            PartRecord(number: 1, size: 3, checksum: [9]),
            PartRecord(number: 7, size: 2, checksum: []),
        ]
        return record
    }

    @Test func aRecordComesBack() {
        var record = Self.full
        #expect(ObjectRecord(encoded: record.encoded()[...]) == record)
        record.segments = SegmentList(
            set: "00", segments: [.init(number: 1, length: 3), .init(number: 7, length: 2)])
        #expect(ObjectRecord(encoded: record.encoded()[...]) == record)
        record.version = VersionID(number: 7, salt: 8)
        record.isDeleteMarker = true
        record.retention = Retention(mode: .compliance, untilMilliseconds: 1_800_000_000_000)
        for isHeld in [true, false] {
            record.isHeld = isHeld
            #expect(ObjectRecord(encoded: record.encoded()[...]) == record)
        }
    }

    @Test func everyCutOrFlippedByteOfTheEndingIsNoticed() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/object"
        let whole = Array("hello".utf8) + ObjectFile.ending(Self.full)
        try Disk.replace(path, with: whole, durable: false)
        #expect(try ObjectFile.open(path).record == Self.full)
        for index in 5..<whole.count {
            var bytes = whole
            bytes[index] ^= 1
            try Disk.replace(path, with: bytes, durable: false)
            #expect(throws: StorageError.self, "byte \(index)") { try ObjectFile.open(path) }
            try Disk.replace(path, with: Array(whole[..<index]), durable: false)
            #expect(throws: StorageError.self, "cut at \(index)") { try ObjectFile.open(path) }
        }
    }

    @Test(arguments: [0, 1, 32_000, 32_768, 40_000, 200_000, 262_144, 262_145, 600_000])
    func bytesOfAnySizeComeBack(size: Int) throws {
        let folder = try TemporaryFolder()
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let upload = ObjectUpload(directory: folder.path, expectedBytes: 0)
        for start in stride(from: 0, to: size, by: 7_001) {
            try bytes[start..<min(size, start + 7_001)].withUnsafeBytes { try upload.write($0) }
        }
        var record = ObjectRecord(key: Array(repeating: 97, count: 1_024))
        record.size = Int64(size)
        record.metadata = (0..<40).map { NamedValue("x-amz-meta-\($0)", "value") }
        let path = folder.path + "/object"
        let staged = upload.finish()
        #expect(staged.sums.count == 4 * ((size + (256 << 10) - 1) / (256 << 10)))
        record.sums = staged.sums
        try staged.seal(record, in: folder.path, durable: false).move(to: path)
        let object = ReadableObject(object: try ObjectFile.open(path), lease: nil)
        #expect(object.record == record)
        var read: [UInt8] = []
        try object.forEachBlock { read.append(contentsOf: $0) }
        #expect(read == bytes)
    }

    @Test func whatIsNotCommittedLeavesNothing() throws {
        let folder = try TemporaryFolder()
        do {
            let upload = ObjectUpload(directory: folder.path, expectedBytes: 0)
            try [UInt8](repeating: 1, count: 300_000).withUnsafeBytes { try upload.write($0) }
            #expect(try Disk.names(in: folder.path).count == 1)
        }
        #expect(try Disk.names(in: folder.path).isEmpty)
    }

    @Test func entityTagsAreHexWithTheirParts() {
        let digest: [UInt8] = [
            0x5d, 0x41, 0x40, 0x2a, 0xbc, 0x4b, 0x2a, 0x76, 0xb9, 0x71, 0x9d, 0x91, 0x10, 0x17,
            0xc5, 0x92,
        ]
        #expect(ETag(md5: digest, parts: 0).text == "5d41402abc4b2a76b9719d911017c592")
        #expect(ETag(md5: digest, parts: 12).quoted == "\"5d41402abc4b2a76b9719d911017c592-12\"")
        #expect(ETag(md5: digest, parts: 3).md5 == digest)
    }
}
