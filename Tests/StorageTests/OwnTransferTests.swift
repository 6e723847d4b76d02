import DatabaseEngines
import Ledger
import Money
import Payments
import Records
import Seams
import Storage
import Testing

@Suite("Requests between own wallets")
struct OwnTransferTests {
    private static let coin = AssetID.stars

    private func transfer(
        _ account: String,
        _ number: Int64,
        from wallet: OwnWallet,
        content: [UInt8] = [1],
        movements: [OwnMovement]? = nil
    ) -> OwnTransfer {
        OwnTransfer(
            account: account,
            wallet: wallet,
            number: number,
            movements: movements ?? [OwnMovement(to: .payouts, asset: Self.coin, units: 5)],
            content: content,
            createdAt: Timestamp(seconds: 100 + number)
        )
    }

    @Test(
        "are stored as they were composed, and one for a number of an account",
        arguments: Engine.allCases
    )
    func stored(engine: Engine) async throws {
        let database = try engine.open()
        let option = OwnWallet.option(PaymentOptionID(value: 7))
        let most = try Int256(
            decimal: "115792089237316195423570985008687907853269984665640564039457".utf8
        )
        let top = transfer(
            "fees",
            4,
            from: .fees,
            movements: [
                OwnMovement(to: option, asset: Self.coin, units: most),
                OwnMovement(to: .option(PaymentOptionID(value: 8)), asset: Self.coin, units: 1),
            ]
        )
        let all = transfer(
            "a",
            0,
            from: option,
            movements: [
                OwnMovement(to: .payouts, asset: Self.coin, units: nil),
                OwnMovement(to: .fees, asset: Self.coin, units: 1),
            ]
        )
        let insert = { @Sendable (transfer: OwnTransfer, provider: String) async throws -> Bool in
            try await database.write(in: .book(.operators)) { try $0.insert(transfer, of: provider) }
        }
        #expect(try await insert(all, "evm"))
        #expect(try await insert(top, "evm"))
        #expect(try await !insert(transfer("a", 0, from: option, content: [2]), "evm"))
        #expect(try await insert(transfer("a", 1, from: option), "evm"))
        #expect(try await insert(transfer("a", 0, from: option), "other"))
        let found = try await database.read { try $0.ownTransfers(of: "evm") }
        #expect(found == [all, transfer("a", 1, from: option), top])
        try await database.close()
    }

    @Test("name their wallets in one way", arguments: Engine.allCases, ["own_transfers", "own_movements"])
    func wallets(engine: Engine, table: String) async throws {
        let database = try engine.open()
        try await database.write(in: .book(.operators)) { session in
            _ = try session.insert(transfer("a", 0, from: .fees), of: "evm")
        }
        for change in ["wallet = 4", "wallet = 0", "wallet = 3", "option = $1"] {
            await #expect(throws: StorageError(.constraint, "")) {
                try await database.write(in: .book(.operators)) { session in
                    let arguments = change.contains("$1") ? [SQLValue.blob([UInt8](repeating: 1, count: 16))] : []
                    try session.execute("UPDATE \(table) SET \(change)", arguments)
                }
            }
        }
        try await database.close()
    }

    @Test(
        "keep the bytes that were signed for the stored content, and no others",
        arguments: Engine.allCases
    )
    func signed(engine: Engine) async throws {
        let database = try engine.open()
        let first = transfer("a", 3, from: .fees)
        var (signed, other) = (first, transfer("a", 3, from: .fees, content: [2]))
        signed.prepared = PreparedTransfer(
            bytes: [9],
            hash: "h",
            sequence: 3,
            validUntil: Timestamp(seconds: 7)
        )
        other.prepared = PreparedTransfer(bytes: [8], hash: "g", sequence: 3, validUntil: nil)
        let (kept, replaced) = (signed, other)
        let outcome = try await database.write(in: .book(.operators)) { session in
            _ = try session.insert(first, of: "evm")
            return [try session.sign(replaced, of: "evm"), try session.sign(kept, of: "evm")]
        }
        #expect(outcome == [false, true])
        #expect(try await database.read { try $0.ownTransfers(of: "evm") } == [kept])
        // Another one that has taken the number is not forgotten with the first.
        try await database.write(in: .book(.operators)) { try $0.forget(replaced, of: "evm") }
        #expect(try await database.read { try $0.ownTransfers(of: "evm") } == [kept])
        try await database.write(in: .book(.operators)) { try $0.forget(kept, of: "evm") }
        #expect(try await database.read { try $0.ownTransfers(of: "evm") }.isEmpty)
        try await database.close()
    }
}
