import Cryptography
import DatabaseEngines
import HTTPMessages
import Logging
import Payments
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import TONConnect
import Testing
import WalletPayments

/// A crowd at one merchant must not end the sessions of other merchants' customers.
@Suite("Wallet sessions")
struct WalletPlacesTests {
    /// A transport that must not be used.
    private struct NoTransport: HTTPTransport {
        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse { HTTPResponse(status: 404) }
    }

    @Test("are displaced by a crowd at the same merchant only", arguments: Engine.allCases)
    func crowd(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let other = MerchantID(value: 8)
        let now = desk.clock.now()
        try await desk.settlement.database.write { session in
            try session.insert(MerchantRecord(id: other, name: "m", feeBasisPoints: 0, createdAt: now))
        }
        let wallets = WalletPayments(
            settlement: desk.settlement,
            wallets: [
                WalletEntry(
                    appName: "wallet",
                    name: "Wallet",
                    universalURL: "https://wallet.example/connect",
                    bridge: "https://wallet.example/bridge"
                )
            ],
            transport: NoTransport(),
            key: SecretBytes([UInt8](repeating: 5, count: 32)),
            random: SeededRandom(seed: 3),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            limit: 4
        )
        func open(_ number: UInt128, for merchant: MerchantID) async throws -> WalletSessionID {
            let request = InvoiceRequest(
                title: "Tea",
                summary: "Tea",
                goods: .physical,
                price: try desk.amount("1.5"),
                lifetime: .seconds(600)
            )
            let id = InvoiceID(value: number)
            let opened = try await desk.settlement.openInvoice(request, for: merchant, id: id)
            return try await wallets.open(opened.options[0], with: "wallet").opening.id
        }
        var small = [try await open(1, for: other)]
        var crowd: [WalletSessionID] = []
        for number in 2...9 { crowd.append(try await open(UInt128(number), for: desk.merchant)) }
        small.append(try await open(10, for: other))
        crowd.append(try await open(11, for: desk.merchant))
        let (ids, oldest) = (small + crowd.suffix(2), crowd.dropLast(2))
        try await desk.settlement.database.read { session in
            let states = try (ids.map(session.walletSession), oldest.map(session.walletSession))
            #expect(states.0.allSatisfy { $0?.state == .waiting })
            #expect(states.1.allSatisfy { $0?.state == .failed })
        }
    }
}
