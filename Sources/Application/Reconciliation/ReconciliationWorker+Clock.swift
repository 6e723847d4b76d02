import Logging
import Seams
import Settlement
import Storage

extension ReconciliationWorker {
    private static let condition = "clock"
    private static let databaseName = "the database server"

    /// Whether the time of day can be relied on; a doubt about the clock raises a condition.
    ///
    /// A machine's clock that was only moved holds nothing up, because the gateway's time goes on without it. When no
    /// witness agrees with the clock, nothing ends.
    func trustsTheTime() async -> Bool {
        let (conditions, clock) = (settlement.conditions, settlement.clock)
        // A database that is away is noticed by everything else.
        if let stated = try? await settlement.database.statedTime() {
            clock.observe(stated, from: Self.databaseName, as: .machine)
        }
        let sentence: String
        switch clock.doubt {
        case nil:
            if conditions.clear(Self.condition) != nil { logger.notice("the machine's clock is right again") }
            return true
        case .moved(let by):
            let direction = by < .zero ? "back" : "ahead"
            sentence =
                "the machine's clock was set \(Self.seconds(by)) \(direction); the time goes on without it: correct it"
        case .contradicted(let rail, let by):
            let direction = by < .zero ? "behind" : "ahead of"
            sentence =
                """
                \(rail) is \(Self.seconds(by)) \(direction) the machine's clock; nothing is opened and nothing ends until \
                one of them is corrected
                """
        }
        if conditions.raise(Self.condition, .degraded, sentence, at: clock.now()) { logger.error("\(sentence)") }
        return clock.knowsTheTime
    }

    /// Rounded: the machine's two clocks are not read at one moment.
    private static func seconds(_ duration: Duration) -> String {
        "\((abs(duration.wholeMicroseconds) + 500_000) / 1_000_000) s"
    }
}
