import DatabaseEngines
import Payments
import Seams
import Storage
import Testing

@Suite("Accounts of options")
struct HoldingAccountTests {
    /// A small payment that is not worth its fee would otherwise be found by the balance again and again.
    @Test(
        "that once had something are never silent again, also when it was not worth gathering",
        arguments: Engine.allCases
    )
    func neverSilentAgain(engine: Engine) async throws {
        let database = try engine.open()
        let now = Timestamp(seconds: 100)
        let silent = { @Sendable () async throws -> [String] in
            try await database.read { session in
                try session.silentAccounts(provider: "evm", activeAt: now, after: "", limit: 9).map(\.account)
            }
        }
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
        #expect(try await silent() == ["0xa", "0xb"])
        let option = PaymentOptionID(value: 1)
        try await database.write { try $0.insertHoldingAccount(provider: "evm", account: "0xa", option: option) }
        #expect(try await silent() == ["0xb"])
        try await database.write { try $0.emptyHoldingAccount(provider: "evm", account: "0xa") }
        #expect(try await silent() == ["0xb"])
        let holding = { @Sendable () async throws -> Int in
            try await database.read { try $0.holdingAccounts(provider: "evm", after: "", limit: 9).count }
        }
        #expect(try await holding() == 0)
        try await database.write { try $0.insertHoldingAccount(provider: "evm", account: "0xa", option: option) }
        #expect(try await holding() == 1)
        try await database.close()
    }
}
