import S3

extension Convergence {
    /// One buffered PUT, which also finds out, once, whether the store honours conditions.
    func put(
        _ body: [UInt8], _ options: WriteOptions, _ condition: WriteCondition
    ) async throws -> WriteResult {
        guard destination.dialect.conditionalWrites == .unknown, options.condition != .none,
            shared.mayLearnConditions()
        else { return try await putOnce(body, options, condition) }
        do {
            return try await putLearning(body, options, condition)
        } catch {
            shared.endLearningConditions()
            throw error
        }
    }

    private func putOnce(
        _ body: [UInt8], _ options: WriteOptions, _ condition: WriteCondition
    ) async throws -> WriteResult {
        do {
            return try await destination.putObject(destinationAddress, body: body, options)
        } catch {
            throw writeFailure(error, condition)
        }
    }

    /// Asks for something that must be refused: to create what exists.
    private func putLearning(
        _ body: [UInt8], _ options: WriteOptions, _ condition: WriteCondition
    ) async throws -> WriteResult {
        var absent = options
        absent.condition = .ifAbsent
        let first: WriteResult
        if case .ifMatch = condition {
            // The key is there, and due to be overwritten: a store that ignores conditions does
            // just that.
            guard let unguarded = try await probe(body, absent) else {
                shared.endLearningConditions()
                return try await putOnce(body, options, condition)
            }
            first = unguarded
        } else {
            first = try await putOnce(body, options, condition)
        }
        // Now it is there for certain; before, it may have been deleted since it was seen. With
        // versioning on, writing twice would leave a second version behind.
        let isVersioned = Stored(first).isVersioned
        let second = isVersioned ? nil : try await probe(body, absent)
        shared.endLearningConditions()
        guard let second else { return first }
        destination.learn { $0.conditionalWrites = .no }
        noteIgnoredConditions()
        return second
    }

    /// nil when the store refused, as it should; else it ignored the condition and has written, or
    /// there was nothing.
    private func probe(
        _ body: [UInt8], _ options: WriteOptions
    ) async throws(S3Error) -> WriteResult? {
        do {
            return try await destination.putObject(destinationAddress, body: body, options)
        } catch {
            guard error.kind == .preconditionFailed || error.kind == .conflict else { throw error }
            destination.learn { $0.conditionalWrites = .yes }
            return nil
        }
    }

    /// A store may take a header and forget what it said: looked at once per connection. What it
    /// does not answer is asked with the next object.
    func checkFeatures(_ carried: Set<SharedState.Feature>) async throws(S3Error) {
        do {
            try await check(carried)
        } catch {
            if error.kind == .cancelled { throw error }
        }
    }

    private func check(_ carried: Set<SharedState.Feature>) async throws(S3Error) {
        if carried.contains(.tags), destination.dialect.tagging == .unknown {
            let kept: Bool
            do {
                kept = try await !destination.tags(destinationAddress).isEmpty
            } catch {
                if error.kind != .notSupported, error.kind != .malformedAnswer { throw error }
                kept = false
            }
            if kept { destination.learn { $0.tagging = .yes } } else { learnNoTags() }
        }
        let asksLock = carried.contains(.lock) && destination.dialect.objectLock == .unknown
        let asksUser = carried.contains(.userMetadata) && !shared.isChecked(.userMetadata)
        guard asksLock || asksUser else { return }
        let head = try await destination.headObject(destinationAddress)
        if asksUser {
            shared.check(.userMetadata)
            if head.metadata.user.isEmpty {
                shared.cannotUse(.userMetadata)
                noteNoUserMetadata()
            }
        }
        if asksLock {
            if head.metadata.lock != nil {
                destination.learn { $0.objectLock = .yes }
            } else {
                shared.cannotUse(.lock)
                noteNoLock()
            }
        }
    }
}
