package import Ledger
package import Money
package import Payments
package import Providers
package import Records
package import Seams
package import Storage

/// The use cases of the gateway, and the only writer of the ledger.
///
/// Each use case is one method in a file of its own. What it changes, what it books and what it announces are one unit
/// of work in the database; nothing external happens inside a unit of work.
package struct Settlement: Sendable {
    /// Where everything is kept.
    package let database: any Database
    /// Who moves the money.
    package let providers: ProviderRegistry
    /// The assets that are known.
    package let assets: AssetRegistry
    /// The accounts that may be booked on.
    package let chart: ChartOfAccounts
    /// Which rails goods may be paid on.
    package let policy: RailPolicy
    /// What keeps transfers from costing more than they are worth.
    package let limits: PayoutLimits
    /// What one asset costs in another.
    package let rates: any RateSource
    /// What a Star counts at in money; none when nobody says.
    package let stars: StarPrices?
    /// The clock.
    package let clock: any WallClock
    /// Where identifiers come from.
    package let identifiers: IdentifierSource
    /// The tenant that runs the gateway; what belongs to no merchant is told to it.
    package let operatorMerchant: MerchantID
    /// Seals what customers have told.
    package let personalData: PersonalDataSeal
    /// Asks a merchant whether an order's goods are there: after everything else, before a customer's money is taken.
    package let stock: StockCheck
    /// Where customers find the gateway.
    package let address: PublicAddress
    /// Whether the money is real.
    package let isLive: Bool
    /// What is wrong with the gateway at the moment.
    package let conditions: Conditions
    /// How the gateway's duties stand.
    package let duties = DutyBoard()
    /// Where a simulated run may fail.
    package let faults: FaultInjector
    let storage: StorageWatch
    let books: MerchantBooks
    let texts = InvoiceTexts()

    /// A settlement over the given parts.
    package init(
        database: any Database,
        providers: ProviderRegistry,
        assets: AssetRegistry,
        chart: ChartOfAccounts,
        policy: RailPolicy,
        limits: PayoutLimits = PayoutLimits(),
        rates: any RateSource,
        stars: StarPrices? = nil,
        clock: any WallClock,
        identifiers: IdentifierSource,
        operatorMerchant: MerchantID,
        personalData: PersonalDataSeal,
        stock: @escaping StockCheck = { _, _ in .unknown },
        address: PublicAddress = PublicAddress(),
        isLive: Bool = false,
        faults: FaultInjector = .none
    ) {
        let conditions = Conditions()
        storage = StorageWatch(database, conditions: conditions, clock: clock)
        self.database = WatchedDatabase(base: database, watch: storage)
        books = MerchantBooks(database)
        self.providers = providers
        self.assets = assets
        self.chart = chart
        self.policy = policy
        self.limits = limits
        self.rates = rates
        self.stars = stars
        self.clock = clock
        self.identifiers = identifiers
        self.operatorMerchant = operatorMerchant
        self.personalData = personalData
        self.stock = stock
        self.address = address
        self.isLive = isLive
        self.faults = faults
        self.conditions = conditions
    }

    /// The JSON that merchants read.
    package var representation: Representation { Representation(assets: assets, address: address, isLive: isLive) }

    /// What customers call the network of a provider; none where nobody chooses one.
    package func networkName(of provider: String) -> String? { providers.provider(provider)?.networkName }

    func asset(_ id: AssetID) throws(SettlementError) -> Asset {
        guard let asset = assets.asset(id) else {
            throw SettlementError(.unknownAsset, "\(id) is not in the asset list")
        }
        return asset
    }

    func provider(_ key: String) throws(SettlementError) -> any PaymentProvider {
        guard let provider = providers.provider(key) else {
            throw SettlementError(.unavailable, "the way by which this was paid is not configured any more")
        }
        return provider
    }
}

/// Puts a question to the endpoint of a merchant that wants to be asked; what takes longer than the rail waits becomes a
/// refusal.
package typealias StockCheck = @Sendable (EventRecord, WebhookEndpointRecord) async -> StockAnswer

extension Settlement {
    /// A unit of work that changes what belongs to one merchant; on a database that several gateways share, those of other
    /// merchants' books go on beside it.
    func write<Value: Sendable>(
        for merchant: MerchantID?,
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        try await database.write(in: books.scope(of: merchant), body)
    }

    /// A unit of work that changes only what all merchants share, or what is nobody's.
    package func writeShared<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        try await database.write(in: .book(.operators), body)
    }

    /// A unit of work of somebody who has to hold a lease for it.
    func write<Value: Sendable>(
        under lease: Lease?,
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        try await database.write { session in
            if let lease { try session.require(lease) }
            return try body(session)
        }
    }
}
