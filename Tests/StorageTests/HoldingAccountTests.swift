import BigInt
import DatabaseEngines
import Money
import Payments
import Records
import Seams
import Storage
import Testing

@Suite("Accounts of payment options")
struct HoldingAccountTests {
    /// Stores an option that was opened at a provider.
    private func open(_ option: PaymentOptionID, at provider: String, in database: any Database) async throws {
        let price = Amount(asset: .stars, units: 5)
        let (merchant, invoice) = (MerchantID(value: 1), InvoiceID(value: 1))
        let now = Timestamp(seconds: 1)
        try await database.write { session in
            try session.insert(MerchantRecord(id: merchant, name: "m", feeBasisPoints: 0, createdAt: now))
            try session.insert(
                Invoice(
                    id: invoice,
                    merchant: merchant,
                    reference: nil,
                    title: "t",
                    summary: "s",
                    goods: .physical,
                    price: price,
                    toleranceBasisPoints: 0,
                    payer: nil,
                    metadata: [:],
                    createdAt: now,
                    expiresAt: now,
                    monitoredUntil: now,
                    status: InvoiceStateMachine(price: price, threshold: price, received: .zero(price.asset))
                )
            )
            try session.insert(
                PaymentOption(
                    id: option,
                    invoice: invoice,
                    rail: .evm,
                    provider: provider,
                    due: price,
                    price: price,
                    quote: nil,
                    instruction: .invoiceLink(url: "l"),
                    reference: PaymentReference(scope: "s", value: "v")
                ),
                of: merchant
            )
        }
    }

    @Test(
        "are remembered as used once they have held money, also when it was not worth gathering",
        arguments: Engine.allCases
    )
    func neverNewAgain(engine: Engine) async throws {
        let database = try engine.open()
        let now = Timestamp(seconds: 100)
        try await database.write { session in
            for account in ["0xa", "0xb"] {
                try session.insertScanAccount(
                    provider: "evm",
                    account: account,
                    subject: "coin",
                    closesAt: now,
                    activeUntil: now.advanced(by: .seconds(9))
                )
            }
        }
        let active = { @Sendable (account: String) async throws -> [String] in
            try await database.read { session in
                try session.activeAccounts(provider: "evm", activeAt: now, after: account, limit: 9).map(\.account)
            }
        }
        #expect(try await active("") == ["0xa", "0xb"])
        #expect(try await active("0xa") == ["0xb"])
        let had = { @Sendable () async throws -> Bool in
            try await database.read { try $0.isHolding(provider: "evm", account: "0xa") }
        }
        #expect(try await !had())
        let option = PaymentOptionID(value: 1)
        try await open(option, at: "evm", in: database)
        let hold = { @Sendable (provider: String) async throws -> Void in
            try await database.write { session in
                try session.insertHoldingAccount(
                    provider: provider,
                    account: "0xa",
                    option: option,
                    of: MerchantID(value: 1)
                )
            }
        }
        // An account holds money only at the provider where its option was opened.
        await #expect(throws: StorageError(.constraint, "")) {
            try await hold("ton")
        }
        try await hold("evm")
        #expect(try await had())
        try await database.write { try $0.emptyHoldingAccount(provider: "evm", account: "0xa") }
        #expect(try await had())
        let holding = { @Sendable () async throws -> Int in
            try await database.read { try $0.holdingAccounts(provider: "evm", after: "", limit: 9).count }
        }
        #expect(try await holding() == 0)
        try await hold("evm")
        #expect(try await holding() == 1)
        try await database.close()
    }

    @Test("keep the balance of their last sight, until a reorganisation drops it", arguments: Engine.allCases)
    func balances(engine: Engine) async throws {
        let database = try engine.open()
        let asset = try AssetID("evm:1:native")
        let held = { @Sendable () async throws -> AmountSum? in
            try await database.read { try $0.accountBalance(provider: "evm", account: "0xa", asset: asset) }
        }
        #expect(try await held() == nil)
        let day: Int64 = 86_400
        func see(_ units: BigInt, on days: Int64) async throws {
            let (sum, moment) = (AmountSum(of: asset, units: units), Timestamp(seconds: days * day))
            try await database.write { session in
                try session.setAccountBalance(provider: "evm", account: "0xa", to: sum, at: moment)
            }
            #expect(try await held() == sum)
        }
        func forget(after days: Int64) async throws {
            let moment = Timestamp(seconds: days * day)
            try await database.write { try $0.forgetAccountBalances(provider: "evm", after: moment) }
        }
        // A token balance may reach 2^256 - 1 units, which fits no amount.
        let most = BigInt(2).power(256) - 1
        for (days, units) in [5, 0, 6, most].enumerated() { try await see(units, on: Int64(days)) }
        // A second sight at the same moment replaces the first.
        try await see(8, on: 3)
        try await forget(after: 3)
        #expect(try await held()?.units == 8)
        try await forget(after: 2)
        #expect(try await held()?.units == 6)
        // Of sights older than any reorganisation only the last one is kept.
        try await see(9, on: 9)
        try await forget(after: 1)
        #expect(try await held() == nil)
        try await database.close()
    }
}
