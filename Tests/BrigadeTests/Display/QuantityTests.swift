import Testing

@testable import brigade

struct QuantityTests {
    @Test(arguments: [
        (0, "0"), (7, "7"), (999, "999"), (1000, "1,000"), (12_408, "12,408"),
        (1_234_567, "1,234,567"), (-1, "-1"), (-1000, "-1,000"),
        (Int.max, "9,223,372,036,854,775,807"), (Int.min, "-9,223,372,036,854,775,808"),
    ])
    func counts(_ value: Int, _ text: String) {
        #expect(Quantity.count(value) == text)
    }

    @Test(arguments: [(0, "0 objects"), (1, "1 object"), (2, "2 objects"), (1000, "1,000 objects")])
    func nouns(_ value: Int, _ text: String) {
        #expect(Quantity.count(value, "object") == text)
    }

    @Test(
        arguments: [
            (-5, "0 B"), (0, "0 B"), (1, "1 B"), (1023, "1023 B"), (1024, "1.0 KiB"),
            (1536, "1.5 KiB"), (10_188, "9.9 KiB"), (10_189, "10 KiB"), (10_240, "10 KiB"),
            (1_047_551, "1,023 KiB"), (1_048_063, "1,023 KiB"), (1_048_064, "1.0 MiB"),
            (1 << 20, "1.0 MiB"), (4_509_715_661, "4.2 GiB"), (1 << 40, "1.0 TiB"),
            (1 << 50, "1.0 PiB"), (1 << 60, "1.0 EiB"), (Int64.max, "8.0 EiB"),
        ] as [(Int64, String)])
    func bytes(_ value: Int64, _ text: String) {
        #expect(Quantity.bytes(value) == text)
    }

    @Test(arguments: [
        (Duration.seconds(-3), "0:00"), (.zero, "0:00"), (.milliseconds(499), "0:00"),
        (.milliseconds(500), "0:01"), (.seconds(7), "0:07"), (.seconds(59), "0:59"),
        (.milliseconds(59_500), "1:00"), (.seconds(723), "12:03"), (.seconds(3599), "59:59"),
        (.seconds(3600), "1:00:00"), (.seconds(3723), "1:02:03"), (.seconds(86_399), "23:59:59"),
        (.seconds(86_400), "1 d 0 h"), (.seconds(3 * 86_400 + 4 * 3600 + 59), "3 d 4 h"),
    ])
    func durations(_ duration: Duration, _ text: String) {
        #expect(Quantity.duration(duration) == text)
    }

    @Test(arguments: [
        (0.0, 1, "0.0"), (0.04, 1, "0.0"), (0.05, 1, "0.1"), (9.95, 1, "10.0"),
        (1234.56, 1, "1,234.6"),
        (1234.5, 0, "1,235"), (2.005, 3, "2.005"), (0.007, 3, "0.007"),
    ])
    func decimals(_ value: Double, _ places: Int, _ text: String) {
        #expect(Quantity.decimal(value, places: places) == text)
    }
}
