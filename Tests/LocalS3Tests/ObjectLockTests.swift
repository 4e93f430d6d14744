import Testing

@testable import LocalS3

@Suite struct ObjectLockTests {
    private static let now: Int64 = 1_000

    private static func retention(_ mode: RetentionMode, _ until: Int64) -> Retention {
        Retention(mode: mode, untilMilliseconds: until)
    }

    @Test func settingsComeBack() {
        var settings = BucketSettings(createdMilliseconds: 1_700_000_000_123)
        #expect(settings.encoded().count == 8)
        #expect(BucketSettings(encoded: settings.encoded()) == settings)
        settings.versioning = .enabled
        #expect(BucketSettings(encoded: settings.encoded()) == settings)
        settings.lock = BucketLock()
        #expect(BucketSettings(encoded: settings.encoded()) == settings)
        settings.lock?.retention = .init(mode: .compliance, unit: .years, count: 7)
        let encoded = settings.encoded()
        #expect(BucketSettings(encoded: encoded) == settings)
        for length in 0..<8 { #expect(BucketSettings(encoded: Array(encoded[..<length])) == nil) }
        #expect(BucketSettings(encoded: Array(encoded.dropLast())) == nil)
    }

    @Test func defaultsEndAfterTheirDays() {
        var lock = BucketLock()
        #expect(lock.retention(from: Self.now) == nil)
        lock.retention = .init(mode: .governance, unit: .days, count: 2)
        #expect(lock.retention(from: Self.now) == Self.retention(.governance, 172_801_000))
        lock.retention = .init(mode: .compliance, unit: .years, count: 1)
        #expect(lock.retention(from: Self.now) == Self.retention(.compliance, 31_536_001_000))
    }

    @Test(arguments: [RetentionMode.governance, .compliance], [false, true])
    func onlyWhatIsLongerTakesTheirPlace(mode: RetentionMode, bypasses: Bool) {
        let held = Self.retention(mode, 2_000)
        let other: RetentionMode = mode == .governance ? .compliance : .governance
        func yields(_ next: Retention?, now: Int64 = Self.now) -> Bool {
            held.yields(to: next, now: now, bypasses: bypasses)
        }
        let isWeak = mode == .governance && bypasses
        #expect(yields(Self.retention(mode, 2_000)))
        #expect(yields(Self.retention(mode, 3_000)))
        #expect(yields(Self.retention(mode, 1_999)) == isWeak)
        #expect(yields(Self.retention(other, 3_000)) == isWeak)
        #expect(yields(nil) == isWeak)
        #expect(yields(nil, now: 2_000))
    }
}
