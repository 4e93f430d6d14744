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
        if case .ifMatch = condition {
            // The key is there, and due to be overwritten: a store that ignores conditions does
            // just that.
            let result = try await probe(body, absent)
            shared.endLearningConditions()
            if let result { return result }
            return try await putOnce(body, options, condition)
        }
        let first = try await putOnce(body, options, condition)
        // With versioning on, writing twice would leave a second version behind.
        let isVersioned = first.versionID != nil && first.versionID != "null"
        let second = isVersioned ? nil : try await probe(body, absent)
        shared.endLearningConditions()
        return second ?? first
    }

    /// nil when the store refused, as it should; else it ignored the condition and has written.
    private func probe(
        _ body: [UInt8], _ options: WriteOptions
    ) async throws(S3Error) -> WriteResult? {
        do {
            let result = try await destination.putObject(destinationAddress, body: body, options)
            destination.learn { $0.conditionalWrites = .no }
            noteIgnoredConditions()
            return result
        } catch {
            guard error.kind == .preconditionFailed || error.kind == .conflict else { throw error }
            destination.learn { $0.conditionalWrites = .yes }
            return nil
        }
    }

    /// A store may take a header and forget what it said: looked at once per connection.
    func checkFeatures(
        _ carried: Set<SharedState.Feature>
    ) async throws(S3Error) {
        if carried.contains(.tags), destination.dialect.tagging == .unknown {
            let kept: Bool
            do {
                kept = try await !destination.tags(destinationAddress).isEmpty
            } catch {
                if error.kind == .cancelled { throw error }
                kept = false
            }
            if kept { destination.learn { $0.tagging = .yes } } else { learnNoTags() }
        }
        if carried.contains(.lock), destination.dialect.objectLock == .unknown {
            let head = try await destination.headObject(destinationAddress)
            if head.metadata.lock != nil {
                destination.learn { $0.objectLock = .yes }
            } else {
                shared.cannotUse(.lock)
                notes.add(
                    "object lock is not supported by \(destination.connection.name), bucket "
                        + "\(destinationAddress.bucket): retention and legal holds did not travel")
            }
        }
    }
}
