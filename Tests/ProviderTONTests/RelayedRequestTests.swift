import Cryptography
import FixtureTON
import Money
import ProviderTON
import Providers
import Seams
import SigningDesk
import TON
import Testing

/// Requests to a wallet in a message of another account: anybody may relay a request that the key has signed.
@Suite("A relayed request to the wallet")
struct RelayedRequestTests {
    @Test(
        "is a spend with the number that its key signed, and all that it moves is observed",
        arguments: [true, false]
    )
    func relayed(isReadable: Bool) async throws {
        let rail = try Rail(walletVersion: .v5r1)
        let (chain, address) = (rail.chain, rail.provider.walletAddress)
        try chain.pay(5_000_000_000, to: address, comment: "top-up", by: "operator")
        try chain.settle()
        let alice = try chain.customer("alice").address
        // The wallet is deployed by its first payout.
        let first = try await rail.prepare(rail.order(100_000_000, rail.coin, to: alice))
        #expect(await rail.provider.submit(first) == .accepted)
        try chain.settle()
        let position = try await rail.scan(rail.coin).position

        let key = try Ed25519.PrivateKey(seed: SecretBytes([UInt8](repeating: 3, count: 32)))
        let wallet = Wallet(version: .v5r1, publicKey: key.publicKey, network: .testnet)
        #expect(try wallet.address() == address)
        let body = try wallet.signRelayed(
            [WalletMessage(to: alice, amount: 300_000_000, bounce: false)],
            seqno: isReadable ? 1 : 2,
            validUntil: UInt32(rail.clock.now().seconds) + 600,
            with: key
        )
        let bring = try WalletMessage(to: address, amount: 50_000_000, bounce: false, body: body)
        try chain.send([bring], by: chain.customer("mallory"))
        try chain.settle()
        let found = try await rail.scan(rail.coin, after: position).observations
        let before = try await rail.scan(rail.coin).observations
        let coins = before.compactMap(\.coins).map { Amount(asset: rail.coin, units: $0) }
        #expect(try Amount.sum(coins, asset: rail.coin).units == Int256(chain.balance(of: address)))
        guard isReadable else {
            // A request that the wallet refuses is no payment and no spend.
            #expect(found.count == 1 && found.allSatisfy { if case .movement = $0 { true } else { false } })
            return
        }
        guard case .sent(let sent)? = found.first, found.count == 1 else {
            Issue.record("the request is not a spend: \(found)")
            return
        }
        #expect(sent.hash.isEmpty && sent.signature?.number == 1)
        #expect(sent.signature?.payments.map(\.destination) == [alice.raw])
        let reading = try await rail.provider.readWallet(address.raw, scannedTo: nil)
        #expect(reading.numbers == .inTurn(next: 2, pending: 2))
    }
}
