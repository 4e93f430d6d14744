import S3

/// What to do about one key, from what was seen of both sides. Pure: no clock, no request.
public struct Decision: Sendable, Equatable {
    public enum Step: Sendable, Equatable {
        /// HEAD these sides, then decide again.
        case look(source: Bool, destination: Bool)
        /// Ask for the tags of both objects, then decide again.
        case lookAtTags
        /// Write the content, under this condition.
        case copy(WriteCondition)
        case updateMetadata
        case setTags
        /// Only after a HEAD has shown once more that the source has no such key.
        case delete
        case skip
    }

    /// The words that outcomes and dry runs show.
    public enum Reason: String, Sendable, CaseIterable {
        case absentOnBothSides = "absent on both sides"
        case absentAtDestination = "absent at destination"
        case sizeDiffers = "size differs"
        case contentDiffers = "content differs"
        case cannotCompare = "content cannot be compared"
        case mustLook = "listings cannot tell"
        case sourceNotOlder = "source is not older"
        case metadataDiffers = "metadata differs"
        case tagsDiffer = "tags differ"
        case same = "same content"
        case sameByOrigin = "same by recorded origin"
        case goneFromSource = "gone from source"
        case extraKept = "only at destination, kept by rule"
        case filtered = "left out by the rule's filter"
        case deleteHeld = "delete held back"
    }

    public var step: Step
    public var reason: Reason

    public init(_ step: Step, _ reason: Reason) {
        self.step = step
        self.reason = reason
    }

    /// What a decision depends on besides the two states.
    public struct Policy: Sendable {
        public var deletes = ReplicationRule.Deletes.keep
        public var comparesTags = true
        /// Nothing is taken from listings alone.
        public var full = false
        public var sourceDialect = Dialect()
        public var destinationDialect = Dialect()
        public init() {}
    }

    public static func decide(
        source: SideState, destination: SideState, policy: Policy
    ) -> Decision {
        switch (source, destination) {
        case (.absent, .absent):
            Decision(.skip, .absentOnBothSides)
        case (.absent, .present):
            policy.deletes == .keep
                ? Decision(.skip, .extraKept) : Decision(.delete, .goneFromSource)
        case (.present, .absent):
            Decision(.copy(.ifAbsent), .absentAtDestination)
        case (.present(let source), .present(let destination)):
            decide(source, destination, policy)
        }
    }

    private static func decide(
        _ source: ObjectState, _ destination: ObjectState, _ policy: Policy
    ) -> Decision {
        let needsSource = source.detail == nil
        let needsDestination = destination.detail == nil
        let look = Step.look(source: needsSource, destination: needsDestination)
        if policy.full, needsSource || needsDestination { return Decision(look, .mustLook) }

        let overwrite = Step.copy(.ifMatch(destination.eTag))
        switch ContentComparison.of(
            source, destination, sourceDialect: policy.sourceDialect,
            destinationDialect: policy.destinationDialect)
        {
        case .sizeDiffers:
            return Decision(overwrite, .sizeDiffers)
        case .eTagDiffers:
            return Decision(overwrite, .contentDiffers)
        case .needsDestinationHead:
            return Decision(.look(source: false, destination: true), .mustLook)
        case .cannotTell:
            // The source's checksums, when there are any, come with its HEAD.
            return needsSource
                ? Decision(.look(source: true, destination: false), .mustLook)
                : Decision(overwrite, .cannotCompare)
        case .same:
            return decideRest(source, destination, same: .same, look: look, policy)
        case .sameByOrigin:
            return decideRest(source, destination, same: .sameByOrigin, look: look, policy)
        }
    }

    /// The content is the same; what of the metadata and the tags?
    private static func decideRest(
        _ source: ObjectState, _ destination: ObjectState, same: Reason, look: Step,
        _ policy: Policy
    ) -> Decision {
        guard let from = source.detail, let to = destination.detail else {
            // A store rewrites an object to change its metadata: a source that is older than its copy
            // cannot have changed since.
            return source.mayHaveChanged(since: destination)
                ? Decision(look, .sourceNotOlder) : Decision(.skip, same)
        }
        guard MetadataComparison.areSame(from.metadata, to.metadata) else {
            return Decision(.updateMetadata, .metadataDiffers)
        }
        guard policy.comparesTags, from.tagCount > 0 || to.tagCount > 0,
            policy.destinationDialect.tagging != .no
        else { return Decision(.skip, same) }
        guard let sourceTags = from.tags, let destinationTags = to.tags else {
            return Decision(.lookAtTags, .mustLook)
        }
        return MetadataComparison.areSame(sourceTags, destinationTags)
            ? Decision(.skip, same) : Decision(.setTags, .tagsDiffer)
    }
}
