/// When an engine sleeps a little longer than it must, so that more of what it waits for has come when it wakes.
///
/// Waking for each packet costs more than handling it. While the stores are the limit, and many transfers wait for them,
/// a pause that is short beside an answer's time costs nothing and saves up to a quarter of the processor's time (as
/// network cards moderate their interrupts). An engine that is the limit itself never pauses.
struct Moderation {
    /// Fewer transfers than this are not held up.
    static let transfersMinimum = 16
    static let pauseMaximum: Nanoseconds = 1_000_000
    /// Of the time that an exchange takes, at most one part in so many.
    static let partsOfExchange: Nanoseconds = 6
    /// An engine that works more than half of the time may be the limit.
    static let busyMaximum = 0.5
    /// What is older than about this has half its weight.
    static let memory: Nanoseconds = 50_000_000

    /// A moving average.
    private var exchange: Nanoseconds = 0
    private var worked: Nanoseconds = 0
    private var passed: Nanoseconds = 0

    /// An exchange has ended after this time.
    mutating func noteExchange(_ duration: Nanoseconds) {
        exchange += (duration - exchange) / 32
    }

    /// A round of the engine took so much of a processor, of a time in which it also slept.
    mutating func noteRound(worked: Nanoseconds, of total: Nanoseconds) {
        self.worked += worked
        passed += total
        if passed > Self.memory {
            self.worked /= 2
            passed /= 2
        }
    }

    /// How long to let things come before the next look; 0 is not at all.
    func pause(transfers: Int) -> Nanoseconds {
        guard transfers >= Self.transfersMinimum,
            Double(worked) < Double(passed) * Self.busyMaximum
        else { return 0 }
        return min(Self.pauseMaximum, exchange / Self.partsOfExchange)
    }
}
