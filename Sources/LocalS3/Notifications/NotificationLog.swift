import Glibc
import Signing

/// The notifications for one webhook on disk: events are appended to the newest of a row of segments, and so is the word
/// that one of them is done. A segment goes when all before it are gone and all its events are done. Not thread-safe.
///
/// A crash leaves a whole number of records and perhaps a torn one at the end of the newest segment, which nothing is
/// ever appended to again.
struct NotificationLog: Sendable {
    /// Where an event's record lies.
    struct Place: Sendable, Equatable {
        let segment: Int
        let offset: Int64
        let length: Int
    }

    struct Event: Sendable {
        let sequence: UInt64
        /// `bucket/key`: events of one lane keep their order.
        let lane: [UInt8]
        let place: Place
    }

    private enum Kind: UInt8 {
        case event = 1
        /// An event that lay in a segment which had to go: it is older than those around it.
        case moved
        case done
    }

    private struct Segment: Sendable {
        let number: Int
        let file: OpenFile
        var bytes: Int64 = 0
        /// Events in it, and how many of them are neither done nor moved.
        var events = 0
        var live = 0
        /// Events before this offset have been handed out.
        var readBytes: Int64 = 0
    }

    /// A segment that has grown to this is followed by another.
    private let segmentBytes: Int64
    private static let headBytes = 8
    /// More than an event with the longest key and all the metadata that S3 takes, each byte of them escaped.
    private static let contentBytesMaximum = 256 << 10

    private let directory: String
    private let isDurable: Bool
    /// Oldest first; the last one is written to.
    private var segments: [Segment] = []
    private(set) var lastSequence: UInt64 = 0
    /// Events that are handed out no more: done when the log was opened, or moved.
    private var skipped: Set<UInt64> = []
    /// Older than all that ``read(room:)`` hands out; handed out first.
    private var moved: [UInt64: Event] = [:]
    /// Events were moved since the newest segment was last on the disk.
    private var hasMoved = false
    /// Gaps that could not be read, of one record or more.
    private(set) var damaged = 0

    /// Reads what an earlier process left.
    init(directory: String, durable: Bool, segmentBytes: Int64 = 8 << 20) throws(StorageError) {
        self.directory = directory
        self.segmentBytes = segmentBytes
        isDurable = durable
        try Disk.makePath(directory)
        let numbers = try Disk.names(in: directory)
            .compactMap { $0.hasPrefix("log-") ? Int($0.dropFirst(4)) : nil }.sorted()
        var places: [UInt64: Int] = [:]
        for number in numbers { try load(number, &places) }
        try addSegment(numbers.last.map { $0 + 1 } ?? 1)
        try removeDoneSegments()
    }

    var bytes: Int64 { segments.reduce(0) { $0 + $1.bytes } }
    var liveEvents: Int { segments.reduce(0) { $0 + $1.live } }
    /// Whether there are events that ``read(room:)`` has not handed out.
    var hasUnread: Bool { !moved.isEmpty || segments.contains { $0.readBytes < $0.bytes } }
    /// How far the newest segment is written: to be compared with after a flush.
    var end: (segment: Int, bytes: Int64) {
        segments.last.map { ($0.number, $0.bytes) } ?? (0, 0)
    }
    var newestFile: OpenFile? { segments.last?.file }

    private mutating func load(_ number: Int, _ holders: inout [UInt64: Int])
        throws(StorageError)
    {
        let file = try OpenFile(Self.path(number, in: directory), flags: O_RDONLY)
        var segment = Segment(number: number, file: file)
        segment.bytes = try file.size
        segments.append(segment)
        let index = segments.count - 1
        let (records, bad) = try records(of: index)
        damaged += bad
        for record in records {
            lastSequence = max(lastSequence, record.sequence)
            switch record.kind {
            case .event, .moved:
                if let earlier = holders[record.sequence] {
                    // It was moved here, and the crash came before the older segment was removed.
                    segments[earlier].live -= 1
                }
                holders[record.sequence] = index
                segments[index].events += 1
                segments[index].live += 1
                guard record.kind == .moved else { continue }
                skipped.insert(record.sequence)
                moved[record.sequence] = record.event
            case .done:
                guard let holder = holders.removeValue(forKey: record.sequence) else { continue }
                segments[holder].live -= 1
                skipped.insert(record.sequence)
                moved[record.sequence] = nil
            }
        }
    }

    // Writing

    /// - Returns: the event, whose record is with the system.
    mutating func append(lane: [UInt8], body: [UInt8]) throws(StorageError) -> Event {
        let sequence = lastSequence + 1
        let place = try write(.event, sequence, lane: lane, body: body)
        lastSequence = sequence
        segments[segments.count - 1].events += 1
        segments[segments.count - 1].live += 1
        return Event(sequence: sequence, lane: lane, place: place)
    }

    /// Handed out at once instead of by ``read(room:)``. Only when that has nothing left.
    mutating func markRead() { segments[segments.count - 1].readBytes = segments.last!.bytes }

    /// - Parameter place: of an event that was handed out.
    mutating func finish(_ sequence: UInt64, at place: Place) throws(StorageError) {
        // Also when it cannot be written: then it is sent again after the next start.
        if let index = index(of: place.segment) { segments[index].live -= 1 }
        let hadUnread = hasUnread
        _ = try write(.done, sequence)
        if !hadUnread { markRead() }
        try removeDoneSegments()
    }

    private mutating func write(
        _ kind: Kind, _ sequence: UInt64, lane: [UInt8] = [], body: [UInt8] = []
    ) throws(StorageError) -> Place {
        if segments.last!.bytes >= segmentBytes { try addSegment(segments.last!.number + 1) }
        var content = ByteWriter(capacity: lane.count + body.count + 16)
        content.append(kind.rawValue)
        content.append(sequence)
        content.append(UInt16(lane.count))
        content.append(raw: lane)
        content.append(raw: body)
        var record = ByteWriter(capacity: content.bytes.count + Self.headBytes)
        record.append(UInt32(content.bytes.count))
        record.append(raw: Checksum.of(content.bytes, .crc32c))
        record.append(raw: content.bytes)
        let index = segments.count - 1
        let offset = segments[index].bytes
        do throws(StorageError) {
            try segments[index].file.write(record.bytes)
        } catch {
            // Half a record must not stand before the next one.
            ftruncate(segments[index].file.descriptor, off_t(offset))
            throw error
        }
        segments[index].bytes += Int64(record.bytes.count)
        return Place(
            segment: segments[index].number, offset: offset, length: record.bytes.count)
    }

    private mutating func addSegment(_ number: Int) throws(StorageError) {
        let file = try OpenFile(
            Self.path(number, in: directory), flags: O_RDWR | O_CREAT | O_APPEND)
        if isDurable {
            try segments.last?.file.synchronize()
            try Disk.synchronizeDirectory(directory)
        }
        segments.append(Segment(number: number, file: file))
    }

    /// The ``hollow`` segment may go: its events are moved, and what is left in it cannot be read.
    mutating func removeHollow() throws(StorageError) {
        segments[0].live = 0
        try removeDoneSegments()
    }

    private mutating func removeDoneSegments() throws(StorageError) {
        while segments.count > 1, segments[0].live <= 0 {
            if isDurable, hasMoved {
                try segments.last?.file.synchronize()
                hasMoved = false
            }
            try Disk.remove(Self.path(segments[0].number, in: directory))
            segments.removeFirst()
        }
        if segments.count == 1, segments[0].live <= 0 { skipped = [] }
    }

    /// When the oldest segment stays for the sake of a few events: its number.
    var hollow: Int? {
        guard segments.count > 8, let first = segments.first, first.readBytes == first.bytes,
            first.live * 4 < first.events
        else { return nil }
        return first.number
    }

    /// Writes an event of the ``hollow`` segment again, at the end; when all are, the segment may go.
    ///
    /// - Returns: where it is now.
    mutating func move(_ event: Event, body: [UInt8]) throws(StorageError) -> Event {
        let hadUnread = hasUnread
        let place = try write(.moved, event.sequence, lane: event.lane, body: body)
        hasMoved = true
        // With others that are to be read before it, it is passed over when its turn comes.
        skipped.insert(event.sequence)
        if !hadUnread { markRead() }
        segments[segments.count - 1].events += 1
        segments[segments.count - 1].live += 1
        segments[0].live -= 1
        return Event(sequence: event.sequence, lane: event.lane, place: place)
    }

    // Reading

    /// The next events that were not handed out yet, in order; stops after the segment in which `room` is reached.
    mutating func read(room: Int) throws(StorageError) -> [Event] {
        var events = moved.values.sorted { $0.sequence < $1.sequence }
        moved = [:]
        for index in segments.indices where segments[index].readBytes < segments[index].bytes {
            guard events.count < room else { break }
            for record in try records(of: index, from: segments[index].readBytes).found {
                guard record.kind == .event else { continue }
                if !skipped.contains(record.sequence) { events.append(record.event) }
            }
            segments[index].readBytes = segments[index].bytes
        }
        return events
    }

    /// What is to be posted.
    func body(at place: Place) throws(StorageError) -> [UInt8] {
        guard let index = index(of: place.segment) else { throw corrupt(place.segment) }
        let bytes = try segments[index].file.read(place.length, at: place.offset)
        guard let record = Self.parse(bytes[...], place) else { throw corrupt(place.segment) }
        return record.body
    }

    private struct Record {
        let kind: Kind
        let sequence: UInt64
        let lane: [UInt8]
        let body: [UInt8]
        let place: Place

        var event: Event { Event(sequence: sequence, lane: lane, place: place) }
    }

    /// The records from an offset on, and how many there cannot be read.
    private func records(of index: Int, from start: Int64 = 0) throws(StorageError)
        -> (found: [Record], damaged: Int)
    {
        let segment = segments[index]
        let bytes = try segment.file.read(Int(segment.bytes - start), at: start)
        var found: [Record] = []
        var damaged = 0
        var (offset, isGap) = (0, false)
        while offset < bytes.count {
            if let record = Self.record(in: bytes, at: offset, of: segment.number, start) {
                found.append(record)
                if isGap { damaged += 1 }
                isGap = false
                offset += record.place.length
            } else {
                // Torn by a crash when nothing follows; else damage, and after it the next record is looked for.
                isGap = true
                offset += 1
            }
        }
        return (found, damaged)
    }

    private static func record(
        in bytes: [UInt8], at offset: Int, of segment: Int, _ start: Int64
    ) -> Record? {
        var reader = ByteReader(bytes[offset...])
        guard let length: UInt32 = reader.integer(), length <= contentBytesMaximum,
            bytes.count - offset >= Int(length) + headBytes
        else { return nil }
        let whole = Int(length) + headBytes
        let place = Place(segment: segment, offset: start + Int64(offset), length: whole)
        return parse(bytes[offset..<offset + whole], place)
    }

    private static func parse(_ bytes: ArraySlice<UInt8>, _ place: Place) -> Record? {
        var reader = ByteReader(bytes)
        guard let length: UInt32 = reader.integer(), let sum = reader.raw(4),
            Int(length) == reader.rest.count,
            Checksum.of(Array(reader.rest), .crc32c).elementsEqual(sum),
            let raw: UInt8 = reader.integer(), let kind = Kind(rawValue: raw),
            let sequence: UInt64 = reader.integer(), let count: UInt16 = reader.integer(),
            let lane = reader.raw(Int(count))
        else { return nil }
        return Record(
            kind: kind, sequence: sequence, lane: Array(lane), body: Array(reader.rest),
            place: place)
    }

    private func index(of number: Int) -> Int? {
        segments.firstIndex { $0.number == number }
    }

    private func corrupt(_ number: Int) -> StorageError {
        StorageError(.corrupt, operation: "read", path: Self.path(number, in: directory))
    }

    private static func path(_ number: Int, in directory: String) -> String {
        "\(directory)/log-\(number)"
    }
}
