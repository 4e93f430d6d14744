extension Character {
    /// What stands between the fields of a schedule.
    var isCronBlank: Bool { self == " " || self == "\t" }
}

/// One field of a cron pattern: which numbers and names it takes, and what is read from it.
struct CronField {
    /// As the documents call it: "day-of-month".
    let name: String
    let range: ClosedRange<Int>
    /// The first stands for `firstName`, the next for one more.
    var names: [String] = []
    var firstName = 0
    /// For the reader of an error.
    let allowed: String
    /// EventBridge's: `5/10` begins at 5 and goes on to the end of the range. In crontab(5) a step needs a range or `*`.
    var stepsFromOne = false
    var takesSteps = true
    /// EventBridge's: `20-2` is from 20 to the end and on from the beginning to 2.
    var wraps = false

    static let monthNames = [
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ]
    static let weekdayNames = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]

    func failure(_ problem: String, in text: String) -> ScheduleError {
        ScheduleError(
            .invalidField, text: text, field: name, problem: problem, allowed: allowed)
    }

    /// The items between commas. - Throws: where one is empty.
    func items(of field: Substring, in text: String) throws(ScheduleError) -> [Substring] {
        let items = field.split(separator: ",", omittingEmptySubsequences: false)
        guard !items.contains(where: \.isEmpty) else {
            throw failure("nothing stands beside a comma of \(field)", in: text)
        }
        return items
    }

    /// Every value of a list of numbers, names, ranges and steps, in the order in which they were written.
    func values(of field: Substring, in text: String) throws(ScheduleError) -> [Int] {
        var values: [Int] = []
        for item in try items(of: field, in: text) {
            values += try self.values(ofItem: item, in: text)
        }
        return values
    }

    func values(ofItem item: Substring, in text: String) throws(ScheduleError) -> [Int] {
        let parts = item.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        var step = 1
        if parts.count == 2 {
            guard takesSteps else { throw failure("\(item): no steps here", in: text) }
            guard let number = Self.number(parts[1]), (1...range.count).contains(number) else {
                throw failure("the step of \(item) is none from 1 to \(range.count)", in: text)
            }
            step = number
        }
        if parts[0] == "*" {
            return Array(stride(from: range.lowerBound, through: range.upperBound, by: step))
        }
        let ends = parts[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let first = try value(ends[0], in: text)
        if ends.count == 1 {
            guard parts.count == 2 else { return [first] }
            guard stepsFromOne else {
                throw failure(
                    "the step of \(item) is of no range: write * or \(first)-\(range.upperBound) before it",
                    in: text)
            }
            return Array(stride(from: first, through: range.upperBound, by: step))
        }
        let last = try value(ends[1], in: text)
        guard first <= last || wraps else {
            throw failure("\(parts[0]) ends before it begins", in: text)
        }
        let end = first <= last ? last : last + range.count
        return stride(from: first, through: end, by: step).map {
            $0 > range.upperBound ? $0 - range.count : $0
        }
    }

    /// A number, or a name, of the range.
    func value(_ word: Substring, in text: String) throws(ScheduleError) -> Int {
        if let index = names.firstIndex(of: word.uppercased()) { return firstName + index }
        guard let number = Self.number(word) else {
            throw failure(
                word.isEmpty ? "a number is missing" : "\(word) is no value of it", in: text)
        }
        guard number >= range.lowerBound else {
            throw failure("\(number) is less than \(range.lowerBound)", in: text)
        }
        guard number <= range.upperBound else {
            throw failure("\(number) is more than \(range.upperBound)", in: text)
        }
        return number
    }

    /// Digits alone, four at most: no sign.
    static func number(_ word: Substring) -> Int? {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard (1...4).contains(word.utf8.count), word.utf8.allSatisfy(digits.contains) else {
            return nil
        }
        return Int(word)
    }
}
