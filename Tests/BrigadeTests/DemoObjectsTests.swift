import S3
import Testing

@testable import brigade

struct DemoObjectsTests {
    private let objects = DemoObjects(count: 3000)

    @Test func areTheSameForTheSameNumber() {
        for number in [0, 1, 2, 50, 2999] {
            let one = objects.item(number)
            let other = DemoObjects(count: 100).item(number)
            #expect(one.key == other.key)
            #expect(one.bytes == other.bytes)
            #expect(one.metadata == other.metadata)
            #expect(
                DemoObjects.body(one.key, bytes: one.bytes)
                    == DemoObjects.body(other.key, bytes: other.bytes))
        }
        // Written down, so that a change of the generator shows.
        #expect(DemoRandom.mixed(0) == 0xE220_A839_7B1D_CDAF)
    }

    @Test func keysAreDistinctAndStorable() {
        let keys =
            (0..<objects.count).map { objects.item($0).key } + DemoObjects.difficult
            + [DemoObjects.archive]
        #expect(Set(keys).count == keys.count)
        for key in keys { #expect((1...1024).contains(key.bytes.count)) }
    }

    @Test func mostAreSmallAndSomeAreNot() {
        let sizes = (0..<objects.count).map { objects.item($0).bytes }
        #expect(sizes.allSatisfy { (200..<(1 << 20)).contains($0) })
        #expect(sizes.count { $0 < 8200 } > sizes.count / 2)
        #expect(sizes.contains { $0 >= 256 << 10 })
    }

    @Test func aBodyHasItsSizeItsKeyAndItsEdition() {
        for size in [0, 1, 7, 8, 9, 1000] {
            #expect(DemoObjects.body("k", bytes: size).count == size)
        }
        let body = DemoObjects.body("k", bytes: 64)
        #expect(body != DemoObjects.body("l", bytes: 64))
        #expect(body != DemoObjects.body("k", bytes: 64, edition: 1))
        #expect(DemoObjects.body("k", bytes: 32) == Array(body.prefix(32)))
    }

    @Test func foldersAreEmptyObjects() {
        for item in objects.difficultItems {
            #expect((item.bytes == 0) == (item.key.bytes.last == UInt8(ascii: "/")))
        }
    }
}
