import DatabaseEngines
import Money
import Payments
import Providers
import Records
import Seams
import Settlement
import SettlementDesk

@testable import Storage

/// Three providers over one database: the operator's, and two merchants' own.
struct ThreeTenants {
    let desk: Desk
    let first: ScriptedProvider
    let second: ScriptedProvider
    /// The customers' side.
    let front: CustomerSide
    let served = MerchantID(value: 9)
    var others: [MerchantID] { [MerchantID(value: 8), served] }

    init(on engine: Engine) async throws {
        desk = try await Desk(
            on: engine,
            provider: { ScriptedProvider(asset: $0, rail: .telegramStars, bot: "operators") }
        )
        let coin = desk.coin.id
        func provider(_ name: String) -> ScriptedProvider {
            ScriptedProvider(asset: coin, key: name, rail: .telegramStars, bot: name)
        }
        (first, second) = (provider("first"), provider("second"))
        try desk.settlement.providers.put(first, of: desk.merchant, isOffered: true)
        try desk.settlement.providers.put(second, of: MerchantID(value: 8), isOffered: true)
        front = try CustomerSide(of: desk, first: desk.merchant, second: MerchantID(value: 8))
        let (others, now) = (others, desk.clock.now())
        try await desk.settlement.database.write { session in
            for id in others {
                try session.insert(MerchantRecord(id: id, name: "m", feeBasisPoints: 0, createdAt: now))
            }
        }
    }

    /// The provider that delivers the message.
    func provider(_ relation: Relation) -> ScriptedProvider {
        switch relation {
        case .own, .atTheOperators, .none: first
        case .otherBot: second
        case .otherMerchant, .byTheOperators: desk.provider
        }
    }

    /// The merchant that asks with a key at that provider.
    func asker(_ relation: Relation) -> MerchantID {
        switch relation {
        case .own, .atTheOperators, .none: desk.merchant
        case .otherBot: MerchantID(value: 8)
        case .otherMerchant, .byTheOperators: served
        }
    }

    /// The merchant of the named object, and the provider where it was opened.
    func owner(_ relation: Relation) -> (merchant: MerchantID, provider: ScriptedProvider)? {
        switch relation {
        case .own, .otherBot, .byTheOperators: (desk.merchant, first)
        case .otherMerchant, .atTheOperators: (served, desk.provider)
        case .none: nil
        }
    }

    /// All objects of merchants, by merchant.
    func snapshot() async throws -> [String: [String]] {
        let queries = [
            "SELECT i.merchant, i.id, i.state, i.received FROM invoices i ORDER BY i.id",
            """
            SELECT p.merchant, p.id, p.state, p.classification FROM payments p WHERE p.merchant IS NOT NULL
            ORDER BY p.id
            """,
            "SELECT i.merchant, s.natural_key FROM sightings s JOIN invoices i ON i.id = s.invoice ORDER BY i.id",
            "SELECT i.merchant, a.question FROM approvals a JOIN invoices i ON i.id = a.invoice ORDER BY i.id",
            "SELECT s.merchant, s.id, s.state FROM subscriptions s ORDER BY s.id",
            "SELECT o.merchant, o.id, o.state FROM outgoing o ORDER BY o.id",
            "SELECT i.merchant, w.id, w.state FROM wallet_sessions w JOIN invoices i ON i.id = w.invoice ORDER BY w.id",
        ]
        return try await desk.settlement.database.read { session in
            var found: [String: [String]] = [:]
            for query in queries {
                for row in try session.query(query, []) {
                    guard case .blob(let bytes)? = row.values.first, let merchant = MerchantID(bytes: bytes) else {
                        continue
                    }
                    found[merchant.text, default: []].append("\(row.values.dropFirst())")
                }
            }
            return found
        }
    }
}

/// The object that a message names.
struct Target {
    let merchant: MerchantID
    let provider: ScriptedProvider
    let invoice: InvoiceWithOptions
    var option: PaymentOption { invoice.options[0] }
    var reference: PaymentReference { ScriptedProvider.reference(option.id) }
}
