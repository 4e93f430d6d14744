import S3

/// A multipart source's head, and how it is cut.
struct FoundLayout: Sendable {
    var head: ObjectHead
    /// The likeliest first; empty: unknown.
    var layouts: [PartLayout]
    /// The store said so, part by part, or one layout alone is possible.
    var isCertain: Bool
}

extension Convergence {
    /// Finds out how a multipart source is cut: from its first part, part by part, or by inference.
    func findLayout(_ pin: ObjectState, count: Int) async throws -> FoundLayout {
        let (head, firstPart) = try await headOfFirstPart(pin)
        if count == 1 {
            return FoundLayout(
                head: head, layouts: PartLayout.candidates(size: pin.size, count: 1),
                isCertain: true)
        }
        if let firstPart {
            let layout = PartLayout.regular(
                size: pin.size, count: count, firstPartBytes: firstPart)
            if let layout { return FoundLayout(head: head, layouts: [layout], isCertain: false) }
        }
        if let layout = try await layoutPartByPart(pin, count: count, canHead: firstPart != nil) {
            return FoundLayout(head: head, layouts: [layout], isCertain: true)
        }
        return FoundLayout(
            head: head, layouts: PartLayout.candidates(size: pin.size, count: count),
            isCertain: false)
    }

    /// The head of the whole, and the size of part 1 when the store tells it.
    private func headOfFirstPart(
        _ pin: ObjectState
    ) async throws -> (ObjectHead, firstPartBytes: Int64?) {
        var options = ReadOptions()
        if shared.isUsable(.pin) { options.ifMatch = pin.eTag }
        if source.dialect.partNumberReads != .no {
            options.partNumber = 1
            do {
                let head = try await pinned(options, pin)
                guard head.partsCount != nil else {
                    // It took no notice of the part number.
                    source.learn { $0.partNumberReads = .no }
                    return (head, nil)
                }
                source.learn { $0.partNumberReads = .yes }
                return (head, head.contentLength)
            } catch let error as S3Error {
                guard
                    error.kind == .notSupported || error.kind == .invalidRequest
                        || error.kind == .unavailable || error.kind == .malformedAnswer
                else { throw error }
                source.learn { $0.partNumberReads = .no }
            } catch is Moved where source.dialect.partNumberReads != .yes {
                // Or it answers with the part's own ETag, which tells nothing: the whole's decides.
                options.partNumber = nil
                let head = try await pinned(options, pin)
                source.learn { $0.partNumberReads = .no }
                return (head, nil)
            }
        }
        options.partNumber = nil
        return (try await pinned(options, pin), nil)
    }

    /// From GetObjectAttributes, else a HEAD for each part.
    func layoutPartByPart(
        _ pin: ObjectState, count: Int, canHead: Bool
    ) async throws -> PartLayout? {
        if source.dialect.objectAttributes != .no {
            do {
                let sizes = try await source.partSizes(sourceAddress)
                if let sizes, let layout = fitting(sizes, pin, count) { return layout }
                if sizes == nil { source.learn { $0.objectAttributes = .no } }
            } catch {
                if error.kind == .cancelled { throw error }
                source.learn { $0.objectAttributes = .no }
            }
        }
        guard canHead else { return nil }
        let sizes = try await inOrder(count) { number in
            var options = ReadOptions()
            options.partNumber = number
            if shared.isUsable(.pin) { options.ifMatch = pin.eTag }
            return try await pinned(options, pin).contentLength
        }
        return fitting(sizes, pin, count)
    }

    private func fitting(_ sizes: [Int64], _ pin: ObjectState, _ count: Int) -> PartLayout? {
        guard sizes.count == count, sizes.reduce(0, +) == pin.size else { return nil }
        return PartLayout(sizes: sizes)
    }

    /// Runs one piece of work for each number 1...count, a few at once; the results in order.
    func inOrder<R: Sendable>(
        _ count: Int, atOnce: Int? = nil,
        _ work: @escaping @Sendable (Int) async throws -> R
    ) async throws -> [R] {
        let width = max(1, atOnce ?? rule.copying.partsAtOnce)
        return try await withThrowingTaskGroup(of: (Int, R).self) { group in
            var results = [R?](repeating: nil, count: count)
            var next = 1
            while next <= min(width, count) {
                let number = next
                group.addTask { (number, try await work(number)) }
                next += 1
            }
            while let (number, result) = try await group.next() {
                results[number - 1] = result
                guard next <= count else { continue }
                let following = next
                group.addTask { (following, try await work(following)) }
                next += 1
            }
            return results.compactMap(\.self)
        }
    }
}
