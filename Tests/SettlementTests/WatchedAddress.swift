import BigInt
import DatabaseEngines
import Money
import Payments
import Providers
import Records
import Seams
import Settlement
import SettlementDesk
import Storage

/// An invoice's address on a chain of blocks, what the nodes tell of it, and what is recorded.
struct WatchedAddress {
    /// What stands of a payment.
    struct Paid: Hashable {
        let classification: Payment.Classification
        let state: Payment.State
        let units: BigInt

        init(_ classification: Payment.Classification, _ state: Payment.State, _ units: BigInt) {
            self.classification = classification
            self.state = state
            self.units = units
        }
    }

    /// The chain after a block.
    private struct Place {
        let number: Int
        let real: BigInt
        let gathered: BigInt
    }

    let desk: Desk
    private let invoice: InvoiceWithOptions
    private let account = "0xa"
    /// What the address really holds.
    var real: BigInt = 0
    /// How much more the nodes tell.
    var offset: BigInt = 0
    /// What was moved on to our own wallet.
    private var gathered: BigInt = 0
    private var places: [Place] = []
    private var pages = 0
    private var number = 0
    private var payers = 0

    init(on engine: Engine) async throws {
        desk = try await Desk(on: engine)
        invoice = try await desk.openInvoice("0.0000015")
        try await block()
    }

    /// What the nodes tell that the address holds.
    var told: BigInt { tell(real) }

    private func tell(_ held: BigInt) -> BigInt { max(0, held + offset) }

    private var asset: AssetID { desk.coin.id }

    private func sum(_ units: BigInt) -> AmountSum { AmountSum(of: asset, units: units) }

    /// A round looks at the address where the scan stands, or some blocks later.
    mutating func look(telling told: BigInt? = nil, atNewPlace isNew: Bool = true) async throws {
        if isNew { try await block() }
        let held = sum(told ?? self.told)
        let mark = BalanceMark.sample(try arrival(), holding: held, on: account)
        _ = try await desk.settlement.record([mark], of: Self.scan, at: desk.provider, where: "\(pages)")
    }

    /// A block in which somebody pays with a trace, or what is there moves on to our own wallet.
    mutating func block(paying units: BigInt = 0, gathering isGathering: Bool = false) async throws {
        number += 1
        // Where nothing of the address moved, no mark is told.
        let isSeen = units > 0 || isGathering
        let before = real
        let moved = isGathering ? before : 0
        real += units - moved
        gathered += moved
        let (toldBefore, toldAfter) = (tell(before), tell(real))
        var mark = BalanceMark.sample(try arrival(), holding: sum(toldBefore), on: account)
        mark = BalanceMark(
            account: account,
            before: sum(toldBefore),
            after: sum(toldAfter),
            rest: sum(toldAfter - toldBefore - (units - moved)),
            isOfOption: true,
            arrival: mark.arrival,
            change: mark.change
        )
        var seen: [Observation] = isSeen ? [.mark(mark)] : []
        if units > 0, let amount = sum(units).amount {
            payers += 1
            seen.append(.incoming(desk.transfer(amount, for: invoice.options[0].id, number: payers, late: late)))
        }
        places.append(Place(number: number, real: real, gathered: gathered))
        try await record(seen)
    }

    /// The last blocks are replaced by others, in which nothing of them happens.
    mutating func reorganise(by depth: Int) async throws {
        let depth = min(depth, places.count - 1)
        guard depth > 0 else { return }
        places.removeLast(depth)
        guard let last = places.last else { return }
        (real, gathered) = (last.real, last.gathered)
        let moment = time(last.number)
        let key = desk.provider.key
        let gone = try await desk.settlement.database.read { session in
            try session.standingPayments(provider: key, since: moment).filter { $0.occurredAt > moment }.map(
                \.naturalKey
            )
                + session.standingMovements(provider: key, since: moment)
                + session.standingSetAside(provider: key, since: moment)
        }
        let now = desk.clock.now()
        try await record([], undoing: gone.map { .vanished($0, at: now) }, since: moment)
        // The first block of the new branch.
        try await block()
    }

    // MARK: - What is recorded

    /// What is recorded of the address together.
    func recorded() async throws -> BigInt {
        let (provider, account, asset) = (desk.provider.key, account, asset)
        let changes = try await desk.settlement.database.read { session in
            try session.untracedChanges(provider: provider, account: account, asset: asset)
        }
        let standing = try await payments().filter { $0.state == .final }
        return standing.reduce(0) { $0 + $1.units } + changes.reduce(0) { $0 + $1.sum.units } - gathered
    }

    func payments() async throws -> [Paid] {
        let id = invoice.invoice.id
        return try await desk.settlement.database.read { try $0.payments(of: id) }.map { payment in
            Paid(payment.classification, payment.state, BigInt(payment.amount.units))
        }
    }

    /// Whether the place where the scan stands names a payment that stands.
    func isPaymentKnownByPlace() async throws -> Bool {
        let (key, provider) = (try arrival().naturalKey, desk.provider.key)
        return try await desk.settlement.database.read {
            try $0.payment(naturalKey: key, at: provider)?.state == .final
        }
    }

    /// Why cases are open.
    func cases() async throws -> [ExceptionCase.Reason] {
        try await desk.settlement.database.read { try $0.cases(of: nil, state: .open, in: Page(limit: 100)) }
            .map(\.reason).sorted { $0.rawValue < $1.rawValue }
    }

    // MARK: - Parts

    private static let scan = ScanAccount(account: "all", subject: "blocks")

    private func time(_ number: Int) -> Timestamp { desk.clock.now().advanced(by: .seconds(10 * number)) }

    private var late: Duration { .seconds(10 * number) }

    private func arrival() throws -> IncomingTransfer {
        IncomingTransfer(
            naturalKey: NaturalKey("block", "\(number)", "\(pages)", account),
            reference: ScriptedProvider.reference(invoice.options[0].id),
            amount: .zero(asset),
            payer: nil,
            refundTarget: nil,
            evidence: "{}",
            occurredAt: time(number),
            availableAt: time(number)
        )
    }

    private mutating func record(
        _ seen: [Observation],
        undoing gone: [Observation] = [],
        since moment: Timestamp? = nil
    ) async throws {
        let before = pages == 0 ? nil : "\(pages)"
        pages += 1
        var page = ScanPage(observations: seen, position: "\(pages)", hasMore: false, completeUntil: nil)
        page.undone = gone
        page.revisedSince = moment
        try await desk.settlement.record(page, of: Self.scan, at: desk.provider, after: before)
    }
}
