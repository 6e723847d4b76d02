import DatabaseEngines
import Logging
import Payments
import Reconciliation
import Seams
import Settlement
import SettlementDesk
import Storage
import StrictJSON
import Synchronization

/// A shop whose bot's messages wait in the inbox, and workers that deal with them.
struct InboxWorld {
    /// What is done with a message after it was recorded: it may hang or fail.
    typealias Handling = @Sendable (_ number: Int64) async throws -> Void

    struct Refusal: Error {}

    /// The numbers of messages, in the order in which they were dealt with.
    final class Done: Sendable {
        private let list = Mutex<[Int64]>([])
        var numbers: [Int64] { list.withLock { $0 } }
        func append(_ number: Int64) { list.withLock { $0.append(number) } }
    }

    let shop: CardShop
    let done = Done()

    init(on engine: Engine = .sqlite) async throws { shop = try await CardShop(on: engine) }

    func worker(
        atOnce: Int = 16,
        named name: String = "first",
        _ handle: @escaping Handling = { _ in }
    ) -> ReconciliationWorker {
        ReconciliationWorker(
            settlement: shop.settlement,
            identity: name,
            configuration: .init(messagesAtOnce: atOnce),
            converse: { [done] message, _ in
                let number = (try? JSONValue(parsing: message))?["update_id"]?.integerValue ?? 0
                try await handle(number)
                done.append(number)
                return nil
            },
            random: SeededRandom(seed: 1),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    /// Has a message about a payment wait in the inbox.
    func push(_ what: String, _ pay: CardShop.Pay, numbered number: Int64) async throws {
        let message = shop.message(what, pay, numbered: number)
        try await shop.settlement.keep(message: message, from: "telegram:shop", key: "\(number)")
    }

    /// Has a question wait in the inbox.
    func ask(numbered number: Int64) async throws {
        let message: JSONValue = ["update_id": .integer(number), "message": ["text": "/paysupport"]]
        try await shop.settlement.keep(message: message.bytes, from: "telegram:shop", key: "\(number)")
    }

    func depth() async throws -> Int { try await shop.settlement.database.read { try $0.inboxDepth() } }

    /// The lanes of the messages, in the order of arrival.
    func lanes() async throws -> [String] {
        let rows = try await shop.settlement.database.read { session in
            try session.query("SELECT lane FROM inbox ORDER BY sequence", [])
        }
        return try rows.map { row in
            var row = row
            return try row.text()
        }
    }

    /// Works, and lets time pass, until nothing waits.
    ///
    /// - Returns: whether nothing waits after so many passes.
    func finish(_ worker: ReconciliationWorker, passes: Int = 100) async throws -> Bool {
        for _ in 0..<passes {
            if try await depth() == 0 { return true }
            _ = await worker.runOnce()
            shop.desk.clock.advance(by: .seconds(10))
        }
        return try await depth() == 0
    }
}
