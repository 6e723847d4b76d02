import DatabaseEngines
import Money
import Payments
import Providers
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import Testing

@Suite("The gate for requests between own wallets")
struct OwnTransferGateTests {
    private static let provider = "numbered"

    private func request(
        of account: String,
        _ wallet: OwnWallet,
        _ number: Int64,
        content: [UInt8] = [1]
    ) -> OwnTransfer {
        let receiver = wallet == .fees ? OwnWallet.option(PaymentOptionID(value: 7)) : .payouts
        return OwnTransfer(
            account: account,
            wallet: wallet,
            number: number,
            movements: [OwnMovement(to: receiver, asset: .stars, units: 5)],
            content: content,
            createdAt: Timestamp(seconds: 100)
        )
    }

    private func reading(_ wallet: String, next: Int64) -> WalletReading {
        WalletReading(
            wallet: wallet,
            numbers: .inTurn(next: next, pending: next),
            paysOthers: wallet == "hot"
        )
    }

    @Test(
        "permits what is stored and nothing else, and counts the numbers of the wallet for fees",
        arguments: Engine.allCases
    )
    func permits(engine: Engine) async throws {
        let branch = try await WalletBranch(on: NumberedChain(.inTurn), engine, name: "ours")
        let gate = StoredSigningGate(settlement: branch.settlement, provider: Self.provider)
        let fees = try await gate.permit(reading("fees", next: 0))
        let hot = try await gate.permit(reading("hot", next: 0))
        #expect(fees.intents.isEmpty && hot.intents.isEmpty)
        let top = request(of: "fees", .fees, 0)
        let sweep = request(of: "deposit", .option(PaymentOptionID(value: 7)), 3)
        #expect(try await gate.store([top], under: fees) == [top])
        #expect(try await gate.store([request(of: "fees", .fees, 0, content: [2])], under: fees) == [])
        #expect(try await gate.store([sweep], under: hot) == [sweep])
        // The chain may take the number from here on, and the books know of it.
        let next = try await gate.permit(reading("fees", next: 1))
        #expect(next.intents == [SigningIntent(top)])
        #expect(try await gate.permit(reading("fees", next: 0)).freeNumbers(2) == [1, 2])
        #expect(try await gate.permit(reading("hot", next: 0)).intents == [SigningIntent(sweep)])
        await #expect(throws: ProviderError.self) { _ = try await gate.permit(reading("fees", next: 2)) }
    }

    @Test(
        "stores no request once the wallet that pays out is held, and keeps those that it has",
        arguments: Engine.allCases
    )
    func held(engine: Engine) async throws {
        let branch = try await WalletBranch(on: NumberedChain(.inTurn), engine, name: "ours")
        let gate = StoredSigningGate(settlement: branch.settlement, provider: Self.provider)
        let permit = try await gate.permit(reading("hot", next: 0))
        let option = OwnWallet.option(PaymentOptionID(value: 7))
        var stored = request(of: "deposit", option, 0)
        #expect(try await gate.store([stored], under: permit) == [stored])
        _ = try await branch.settlement.database.write { session in
            try session.hold("hot", of: Self.provider, .spent, "used elsewhere", at: Timestamp(seconds: 200))
        }
        await #expect(throws: ProviderError.self) {
            _ = try await gate.store([request(of: "other", option, 0)], under: permit)
        }
        await #expect(throws: ProviderError.self) { _ = try await gate.permit(reading("hot", next: 0)) }
        #expect(try await gate.ownTransfers() == [stored])
        stored.prepared = PreparedTransfer(bytes: [9], hash: "h", sequence: 0, validUntil: nil)
        try await gate.keep([stored])
        #expect(try await gate.ownTransfers() == [stored])
        try await gate.forget([stored])
        #expect(try await gate.ownTransfers().isEmpty)
    }
}
