import Logging
import Seams
import Settlement

extension ReconciliationWorker {
    private static let condition = "clock"

    /// Tells whether the time of day can be decided by, and says so where the operator looks when it cannot.
    ///
    /// A clock that was only moved keeps nothing back, because the time goes on without it; when no rail agrees with it,
    /// nothing ends by it.
    func trustsTheTime() -> Bool {
        let (conditions, clock) = (settlement.conditions, settlement.clock)
        let sentence: String
        let isTrusted: Bool
        switch clock.doubt {
        case nil:
            if conditions.clear(Self.condition) != nil { logger.notice("the machine's clock is right again") }
            return true
        case .moved(let by):
            let direction = by < .zero ? "back" : "ahead"
            sentence =
                "the machine's clock was set \(Self.seconds(by)) \(direction); the time goes on without it: correct it"
            isTrusted = true
        case .contradicted(let rail, let by):
            let direction = by < .zero ? "behind" : "ahead of"
            sentence =
                "\(rail) is \(Self.seconds(by)) \(direction) the machine's clock; nothing ends until one is corrected"
            isTrusted = false
        }
        if conditions.raise(Self.condition, .degraded, sentence, at: clock.now()) { logger.error("\(sentence)") }
        return isTrusted
    }

    /// Rounded: the machine's two clocks are not read at one moment.
    private static func seconds(_ duration: Duration) -> String {
        "\((abs(duration.wholeMicroseconds) + 500_000) / 1_000_000) s"
    }
}
