import Foundation
import TestSupport
import Testing

@testable import Signing

@Suite struct TimestampTests {
    @Test(
        arguments: [
            (0, "19700101T000000Z", "Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00.000Z"),
            (-1, "19691231T235959Z", "Wed, 31 Dec 1969 23:59:59 GMT", "1969-12-31T23:59:59.000Z"),
            (
                951_868_799, "20000229T235959Z", "Tue, 29 Feb 2000 23:59:59 GMT",
                "2000-02-29T23:59:59.000Z"
            ),
            (
                1_369_353_600, "20130524T000000Z", "Fri, 24 May 2013 00:00:00 GMT",
                "2013-05-24T00:00:00.000Z"
            ),
            (
                1_709_210_096, "20240229T123456Z", "Thu, 29 Feb 2024 12:34:56 GMT",
                "2024-02-29T12:34:56.000Z"
            ),
            (
                4_107_542_401, "21000301T000001Z", "Mon, 01 Mar 2100 00:00:01 GMT",
                "2100-03-01T00:00:01.000Z"
            ),
            (
                253_402_300_799, "99991231T235959Z", "Fri, 31 Dec 9999 23:59:59 GMT",
                "9999-12-31T23:59:59.000Z"
            ),
        ] as [(Int64, String, String, String)])
    func threeClocks(seconds: Int64, amz: String, http: String, iso: String) {
        #expect(Timestamps.amzDate(seconds) == amz)
        #expect(Timestamps.parseAmzDate(amz) == seconds)
        #expect(Timestamps.httpDate(seconds) == http)
        #expect(Timestamps.parseHTTPDate(http) == seconds)
        #expect(Timestamps.iso8601(milliseconds: seconds * 1000) == iso)
        #expect(Timestamps.parseISO8601Milliseconds(iso) == seconds * 1000)
    }

    /// The three forms of RFC 9110, which mean one moment, and what they may not be.
    @Test(
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
            ("Sun Nov  6 08:49:37 1994", 784_111_777), ("Sun Nov 16 08:49:37 1994", 784_975_777),
            ("Monday, 01-Jan-69 00:00:00 GMT", 3_124_224_000),
            ("Sun, 6 Nov 1994 08:49:37 GMT", nil),
            ("Sun, 06 Nov 1994 08:49:37 UTC", nil), ("Sun, 06 Nov 1994 08:49:37 GMT ", nil),
            ("Sun, 31 Feb 1994 08:49:37 GMT", nil), ("Sun, 06 Nov 1994 24:49:37 GMT", nil),
            ("Son, 06 Nov 1994 08:49:37 GMT", nil), ("Sun, 06 nov 1994 08:49:37 GMT", nil),
            ("", nil),
            ("Sunday, 06-Nov-1994 08:49:37 GMT", nil), ("Sunxay, 06-Nov-94 08:49:37 GMT", nil),
        ] as [(String, Int64?)])
    func httpDates(text: String, seconds: Int64?) {
        #expect(Timestamps.parseHTTPDate(text) == seconds)
    }

    @Test(
        arguments: [
            ("2009-10-12T17:50:30Z", 1_255_369_830_000),
            ("2009-10-12T17:50:30.5Z", 1_255_369_830_500),
            ("2009-10-12T17:50:30.123456789Z", 1_255_369_830_123),
            ("2009-10-12T19:50:30.000+02:00", 1_255_369_830_000),
            ("2009-10-12T12:20:30-0530", 1_255_369_830_000),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000), ("2009-10-12T17:50:30.Z", nil),
            ("2009-10-12T17:50:30", nil), ("2009-10-12 17:50:30Z", nil),
            ("2009-02-29T00:00:00Z", nil),
            ("2009-13-01T00:00:00Z", nil), ("2009-00-01T00:00:00Z", nil),
            ("2009-01-01T24:00:00Z", nil),
            ("2009-01-01T00:60:00Z", nil), ("2009-01-01T00:00:61Z", nil),
            ("2009-10-12T17:50:30+24:00", nil), ("2009-10-12T17:50:30ZZ", nil), ("", nil),
            ("-009-10-12T17:50:30Z", nil), ("20091012T175030Z", nil),
        ] as [(String, Int64?)])
    func isoDates(text: String, milliseconds: Int64?) {
        #expect(Timestamps.parseISO8601Milliseconds(text) == milliseconds)
    }

    @Test(arguments: [
        "20130524T000000", "20130524T000000z", "2013-05-24T00:00:00Z", "20130532T000000Z",
        "20130524T240000Z", "20130524T000000Z ", "", "20130524", "2013052aT000000Z",
    ])
    func amzDatesAreStrict(text: String) {
        #expect(Timestamps.parseAmzDate(text) == nil)
    }

    /// Any moment of the wire's ten thousand years survives each of the three forms, and Foundation agrees.
    @Test(arguments: 0..<8 as Range<UInt64>)
    func roundTrips(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for _ in 0..<200 {
            let milliseconds = Int64.random(
                in: -62_135_596_800_000...253_402_300_799_999, using: &random)
            let seconds = Int64((Double(milliseconds) / 1000).rounded(.down))
            #expect(Timestamps.parseAmzDate(Timestamps.amzDate(seconds)) == seconds)
            #expect(Timestamps.parseHTTPDate(Timestamps.httpDate(seconds)) == seconds)
            let iso = Timestamps.iso8601(milliseconds: milliseconds)
            #expect(Timestamps.parseISO8601Milliseconds(iso) == milliseconds)
            #expect(
                CivilDate.day(of: seconds) == seconds.quotientFloored(by: CivilDate.secondsPerDay))
            // Foundation counts by the Julian calendar before 1582.
            if seconds > -12_219_292_800 {
                let date = Date(timeIntervalSince1970: Double(seconds))
                #expect(iso.prefix(19) == date.formatted(style).prefix(19))
            }
        }
    }
}

extension Int64 {
    fileprivate func quotientFloored(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
