import S3
import TestSupport
import Testing

@testable import Replication

/// What must hold of every decision, over seeded random states.
struct DecisionPropertyTests {
    @Test(arguments: 0..<20 as Range<UInt64>)
    func holds(seed: UInt64) {
        var generator = SeededRandom(seed: seed)
        for _ in 0..<500 { check(&generator, seed) }
    }

    private func check(_ generator: inout SeededRandom, _ seed: UInt64) {
        let source = side(&generator)
        let destination = side(&generator)
        var policy = Decision.Policy()
        policy.deletes = Bool.random(using: &generator) ? .keep : .propagate
        policy.full = Bool.random(using: &generator)
        policy.comparesTags = Bool.random(using: &generator)
        policy.destinationDialect.singleETagIsMD5 = Bool.random(using: &generator) ? .no : .unknown
        let decision = Decision.decide(
            source: source, destination: destination, policy: policy)
        let story: Comment = "seed \(seed): \(source) -> \(destination): \(decision)"

        switch decision.step {
        case .delete:
            #expect(source == .absent && destination != .absent, story)
            #expect(policy.deletes == .propagate, story)
        case .copy(let condition):
            // Never without naming what is overwritten.
            #expect(source.object != nil, story)
            #expect(condition == (destination.object.map { .ifMatch($0.eTag) } ?? .ifAbsent), story)
            #expect(!isSurelyEqual(source, destination), story)
        case .skip:
            let isOneSided = source.object == nil || destination.object == nil
            #expect(isOneSided || source.object?.size == destination.object?.size, story)
            #expect(source.object == nil || destination.object != nil, story)
        case .look(let atSource, let atDestination):
            // Always asks for something not yet known: converging ends.
            #expect(atSource || atDestination, story)
            #expect(!atSource || source.object?.detail == nil, story)
            #expect(!atDestination || destination.object?.detail == nil, story)
        case .lookAtTags:
            #expect(
                source.object?.detail?.tags == nil || destination.object?.detail?.tags == nil,
                story)
        case .updateMetadata, .setTags:
            #expect(source.object?.detail != nil && destination.object?.detail != nil, story)
        }
    }

    private func isSurelyEqual(_ a: SideState, _ b: SideState) -> Bool {
        guard let a = a.object, let b = b.object else { return false }
        return a.size == b.size && a.eTag == b.eTag && a.eTag.isContentTag
    }

    private func side(_ generator: inout SeededRandom) -> SideState {
        if Int.random(in: 0..<5, using: &generator) == 0 { return .absent }
        let tags = [
            "0cc175b9c0f1b6a831c399e269772661", "92eb5ffee6ae2fec3ad71c777531578f",
            "0cc175b9c0f1b6a831c399e269772661-2", "0cc175b9c0f1b6a831c399e269772661-3", "odd",
        ]
        var detail: ObjectState.Detail?
        if Bool.random(using: &generator) {
            var metadata = ObjectMetadata()
            if Bool.random(using: &generator) { metadata.user = [.init("a", "1")] }
            if Bool.random(using: &generator) {
                metadata.user.append(
                    .init(Origin.metadataName, "1;\(tags.randomElement(using: &generator)!);1;"))
            }
            let count = Int.random(in: 0...1, using: &generator)
            let known = Bool.random(using: &generator)
            detail = ObjectState.Detail(
                metadata: metadata, tagCount: count,
                tags: known ? Array(repeating: Tag("k", "v"), count: count) : nil,
                encryption: [nil, "AES256", "aws:kms"].randomElement(using: &generator)!)
        }
        return .present(
            ObjectState(
                size: Int64.random(in: 0...1, using: &generator),
                eTag: ETag(tags.randomElement(using: &generator)!),
                lastModified: Int64.random(in: 0...3, using: &generator) * 700, detail: detail))
    }
}
