import BigInt
import DatabaseEngines
import Money
import Payments
import Seams
import Storage
import Testing

@Suite("Accounts of options")
struct HoldingAccountTests {
    /// Stores an option that was opened at a provider.
    private func open(_ option: PaymentOptionID, at provider: String, in database: any Database) async throws {
        let statements = [
            "INSERT INTO merchants (id, name, fee_basis_points, created_at) VALUES ('mer_1', 'm', 0, 1)",
            """
            INSERT INTO invoices (id, merchant, title, summary, goods, asset, price, threshold, received, tolerance, metadata,
            state, exception, created_at, expires_at, monitored_until) VALUES ('inv_1', 'mer_1', 't', 's', 'physical', 'coin',
            '5', '5', '0', 0, '{}', 'new', 'none', 1, 2, 3)
            """,
            """
            INSERT INTO payment_options (id, invoice, rail, provider, asset, due, price_asset, price, link, reference_scope,
            reference_value) VALUES ('\(option.text)', 'inv_1', 'evm', '\(provider)', 'coin', '5', 'coin', '5', 'l', 's', 'v')
            """,
        ]
        try await database.write { session in
            for statement in statements { try session.execute(statement, []) }
        }
    }

    @Test(
        "that once had something are known to have had it, also when it was not worth gathering",
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
        // An account holds money for an option where it was opened, and nowhere else.
        await #expect(throws: StorageError(.constraint, "")) {
            try await database.write { try $0.insertHoldingAccount(provider: "ton", account: "0xa", option: option) }
        }
        try await database.write { try $0.insertHoldingAccount(provider: "evm", account: "0xa", option: option) }
        #expect(try await had())
        try await database.write { try $0.emptyHoldingAccount(provider: "evm", account: "0xa") }
        #expect(try await had())
        let holding = { @Sendable () async throws -> Int in
            try await database.read { try $0.holdingAccounts(provider: "evm", after: "", limit: 9).count }
        }
        #expect(try await holding() == 0)
        try await database.write { try $0.insertHoldingAccount(provider: "evm", account: "0xa", option: option) }
        #expect(try await holding() == 1)
        try await database.close()
    }

    @Test("hold what they held when they were last seen, until it is forgotten", arguments: Engine.allCases)
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
        func forget(_ account: String, _ asset: AssetID) async throws {
            try await database.write { session in
                try session.forgetAccountBalance(provider: "evm", account: account, asset: asset)
            }
        }
        func forget(after days: Int64) async throws {
            let moment = Timestamp(seconds: days * day)
            try await database.write { try $0.forgetAccountBalances(provider: "evm", after: moment) }
        }
        // No token has more than 2^256 - 1 units, and no amount that many.
        let most = BigInt(2).power(256) - 1
        for (days, units) in [5, 0, 6, most].enumerated() { try await see(units, on: Int64(days)) }
        // Another sight of the same moment is the later one.
        try await see(8, on: 3)
        try await forget("0xb", asset)
        try await forget("0xa", AssetID("evm:1:erc20:0x00000000000000000000000000000000000000aa"))
        try await forget(after: 3)
        #expect(try await held()?.units == 8)
        try await forget(after: 2)
        #expect(try await held()?.units == 6)
        // What is older than any reorganisation is remembered by its last sight.
        try await see(9, on: 9)
        try await forget(after: 1)
        #expect(try await held() == nil)
        try await see(9, on: 9)
        try await forget("0xa", asset)
        #expect(try await held() == nil)
        try await database.close()
    }
}
