import Testing

@testable import LocalS3

struct DeliveryPlanTests {
    private var plan = DeliveryPlan(concurrency: 2, second: 10)
    private var last: UInt64 = 0

    private mutating func add(_ lane: String, isCommitted: Bool = true) -> NotificationLog.Event {
        last += 1
        let event = NotificationLog.Event(
            sequence: last, lane: Array(lane.utf8),
            place: .init(segment: 1, offset: Int64(last), length: 1))
        plan.add(event, isCommitted: isCommitted)
        return event
    }

    private mutating func expectTaken(
        _ expected: [UInt64], _ now: UInt64 = 0, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let taken = plan.take(now: now).map(\.sequence)
        #expect(taken == expected, sourceLocation: sourceLocation)
    }

    @Test mutating func lanesGoBesideEachOtherAndEachInOrder() {
        let a1 = add("a")
        let a2 = add("a")
        let b = add("b")
        let c = add("c")
        expectTaken([1, 3])
        expectTaken([])
        plan.delivered(b)
        expectTaken([4])
        plan.delivered(a1)
        expectTaken([2])
        plan.delivered(a2)
        plan.delivered(c)
        expectTaken([])
        #expect(plan.count == 0 && plan.nextTime == nil)
    }

    @Test mutating func whatIsNotCommittedWaitsAndHoldsItsLane() {
        let a1 = add("a", isCommitted: false)
        let a2 = add("a")
        expectTaken([])
        let isThere = plan.commit(a1)
        #expect(isThere)
        expectTaken([1])
        plan.delivered(a1)
        expectTaken([2])
        plan.delivered(a2)
        let isKnown = plan.commit(a1)
        #expect(!isKnown)
    }

    @Test mutating func aRefusedLaneWaitsLongerEachTimeAndTheOthersGoOn() {
        let bad = add("bad")
        var now: UInt64 = 0
        for pause in DeliveryPlan.pauses + [60] {
            expectTaken([1], now)
            plan.refused(bad, wasReached: true, now: now)
            let other = add("other")
            expectTaken([other.sequence], now)
            plan.delivered(other)
            #expect(plan.nextTime == now + pause * 10)
            now += pause * 10
            expectTaken([], now - 1)
        }
        expectTaken([1], now)
        plan.delivered(bad)
        // And the next refusal of that lane is a first one again.
        let again = add("bad")
        expectTaken([again.sequence], now)
        plan.refused(again, wasReached: true, now: now)
        #expect(plan.nextTime == now + 10)
    }

    @Test mutating func aWebhookThatIsAwayIsAskedByOneAtATime() {
        let a = add("a")
        let b = add("b")
        _ = add("c")
        expectTaken([1, 2], 0)
        plan.refused(a, wasReached: false, now: 0)
        // Of the same attempt.
        plan.refused(b, wasReached: false, now: 1)
        expectTaken([], 9)
        #expect(plan.nextTime == 10)
        expectTaken([3], 10)
        // Nothing can be taken before that one has an end: to be asked again at once would be to spin.
        #expect(plan.nextTime == nil)
        expectTaken([], 10)
        let c = NotificationLog.Event(
            sequence: 3, lane: Array("c".utf8), place: .init(segment: 1, offset: 3, length: 1))
        plan.refused(c, wasReached: false, now: 10)
        expectTaken([], 29)
        #expect(plan.nextTime == 30)
        expectTaken([1], 30)
        // It is back: all at once again.
        plan.delivered(a)
        expectTaken([2, 3], 30)
    }

    @Test mutating func anAnswerOfAnyKindMeansThatItIsThere() {
        let a = add("a")
        _ = add("b")
        _ = add("c")
        expectTaken([1, 2], 0)
        plan.refused(a, wasReached: false, now: 0)
        let b = NotificationLog.Event(
            sequence: 2, lane: Array("b".utf8), place: .init(segment: 1, offset: 2, length: 1))
        plan.refused(b, wasReached: true, now: 1)
        expectTaken([3, 1], 1)
    }
}
