import Glibc
import Testing

@testable import Runtime

/// Times as people write them, for the tests of schedules: "2026-03-29 02:30", UTC.
enum Moment {
    static func seconds(_ text: String) -> Int64 {
        let parts = text.split { "- :".contains($0) }.compactMap { Int64($0) }
        let day = CalendarDay.number(year: parts[0], month: parts[1], day: parts[2])
        return day * 86_400 + parts[3] * 3600 + parts[4] * 60 + (parts.count > 5 ? parts[5] : 0)
    }

    static func milliseconds(_ text: String) -> Int64 { seconds(text) * 1000 }

    static func text(_ milliseconds: Int64) -> String {
        let fields = fields(milliseconds / 1000)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let date = "\(fields.tm_year + 1900)-\(two(fields.tm_mon + 1))-\(two(fields.tm_mday))"
        let time = "\(two(fields.tm_hour)):\(two(fields.tm_min))"
        return "\(date) \(time)" + (fields.tm_sec == 0 ? "" : ":\(two(fields.tm_sec))")
    }

    /// By the C library, which shares nothing with what is tested.
    static func fields(_ seconds: Int64) -> tm {
        var time = time_t(seconds)
        var fields = tm()
        gmtime_r(&time, &fields)
        return fields
    }
}

extension Schedule {
    /// The next moments, as UTC.
    func times(_ count: Int, after text: String) -> [String] {
        var moment = Moment.milliseconds(text)
        var times: [String] = []
        while times.count < count, let next = next(after: moment, anchor: 0) {
            times.append(Moment.text(next))
            moment = next
        }
        return times
    }
}
