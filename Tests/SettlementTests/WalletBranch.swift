import DatabaseEngines
import Ledger
import Money
import Payments
import Providers
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import Testing

/// A gateway on a chain that others may use as well.
struct WalletBranch {
    static let merchant = MerchantID(value: 7)

    let clock = ManualClock(Timestamp(seconds: 1_000_000))
    let coin: Asset
    let chain: NumberedChain
    let rail: NumberedRail
    let settlement: Settlement
    /// The path or connection string of its database.
    let place: String

    init(on chain: NumberedChain, _ engine: Engine, name: String, first: Int64 = 1_000) async throws {
        self.chain = chain
        coin = Asset(id: try AssetID("ton:testnet:native"), code: "TON", name: "", scale: 9, displayNames: [])
        rail = NumberedRail(chain, name: name, first: first, asset: coin.id, clock: clock)
        place = try engine.place()
        settlement = try Desk.settlement(engine.open(place), [rail], coin, clock, .none)
        let (now, total) = (clock.now(), Amount(asset: coin.id, units: 1_000_000_000))
        try await settlement.database.write { session in
            try Desk.open(Self.merchant, with: total, at: "numbered", in: session, now: now)
        }
        _ = try await settlement.compareWallets()
        try await scan()
    }

    func scan() async throws {
        let account = rail.standingAccounts[0]
        let position = try await settlement.database.read { session in
            try session.scanPosition(provider: "numbered", account: account.account, subject: account.subject)
        }
        try await settlement.record(page(after: position), of: account, at: rail, after: position)
    }

    func page(after position: String?) async throws -> ScanPage {
        struct Nothing: AccountWatching {
            func watched(among accounts: Set<String>) async throws(ProviderError) -> Set<String> { [] }
        }
        return try await rail.page(of: rail.standingAccounts[0], after: position, watching: Nothing())
    }

    func ask(_ numbers: ClosedRange<Int>) async throws {
        for number in numbers {
            let request = PayoutRequest(
                amount: Amount(asset: coin.id, units: Int256(number * 1_000_000)),
                destination: "receiver \(number)",
                comment: "invoice \(number)",
                needsApproval: false
            )
            _ = try await settlement.requestPayout(request, by: Self.merchant, id: PayoutID(value: UInt128(number)))
        }
    }

    /// Runs the workers until nothing moves.
    func work() async throws {
        for _ in 0..<40 {
            clock.advance(by: .seconds(6))
            for id in try await settlement.outgoingDue() { try await settlement.advance(id) }
            try await scan()
        }
    }

    /// Decides that a payout is still owed.
    func owe(_ number: Int) async throws {
        _ = try await settlement.decide(PayoutID(value: UInt128(number)).text, .owed)
    }

    func resume() async throws { _ = try await settlement.resumeWallet("hot", of: "numbered") }

    func isHeld() async throws -> Bool { try await settlement.listWallets().first?.wallet.hold != nil }

    /// A reorganisation takes away what was the chain's first request.
    func loseFirst() async throws {
        chain.drop(chain.requests[0].hash)
        let gone = Observation.vanished(NaturalKey("numbered", "0"), at: clock.now())
        _ = try await settlement.record(gone, at: rail)
    }

    /// The findings of the audits of objects and journal.
    func findings() async throws -> [String] {
        try await settlement.database.read { session in
            try session.auditObjects() + session.auditJournal().findings
        }
    }

    /// The reasons of open cases.
    func cases() async throws -> [ExceptionCase.Reason] {
        try await settlement.database.read { session in
            try session.cases(of: nil, state: .open, in: Page(limit: 100)).map(\.reason)
        }
    }

    func state(_ number: Int) async throws -> PayoutStateMachine.State? {
        let id = PayoutID(value: UInt128(number)).text
        return try await settlement.database.read { try $0.outgoing(id)?.status.state }
    }

    func list() async throws -> WalletList { try #require(try await settlement.listWallets().first) }

    /// Decides by the candidates: a transfer with a candidate has left, and every other one is owed.
    func decideByTheList() async throws {
        for owed in try await list().owed {
            let id = owed.transfer.purpose.id
            if let spend = owed.candidates.first?.spend {
                _ = try await settlement.decide(id, .left(spend.key, position: spend.position))
            } else {
                _ = try await settlement.decide(id, .owed)
            }
        }
    }

    func account(_ code: String) async throws -> Int256 {
        let balances = try await settlement.database.read { try $0.balances(code: AccountCode(code)) }
        return try Amount.sum(balances.map(\.amount), asset: coin.id).units
    }
}
