import Cryptography
import FixtureTON
import Money
import Payments
import ProviderTON
import Providers
import Seams
import TON
import Testing

@Suite("A chain transaction of a stranger in a TON account's history")
struct OddFormTests {
    @Test("is credited, unexplained or set aside by its form, and the payments around it are credited")
    func forms() async throws {
        for form in OddForm.allCases {
            let rail = try Rail()
            let before = try await pay("before", rail)
            let held = rail.chain.balance(of: rail.provider.walletAddress)
            rail.chain.writeNext(at: rail.provider.walletAddress, as: form)
            _ = try await pay("bread", rail)
            let grown = rail.chain.balance(of: rail.provider.walletAddress) - held
            _ = try await pay("after", rail)
            let page = try await rail.scan(rail.coin, after: before)
            let credited = page.observations.compactMap(\.incoming).compactMap(\.reference?.value)
            #expect(credited == (form.meaning == .payment ? ["bread", "after"] : ["after"]), "\(form)")
            let aside = page.observations.count { if case .setAside = $0 { true } else { false } }
            #expect(aside == (form.meaning == .unreadable ? 1 : 0), "\(form)")
            let last = try #require(rail.chain.history(of: rail.provider.walletAddress).last)
            #expect(page.position?.hasPrefix("\(last.lt):\(last.hash):") == true, "\(form)")
            guard form.meaning != .unreadable else { continue }
            // The readable observations add up to the balance.
            let coins = page.observations.compactMap(\.coins).map { Amount(asset: rail.coin, units: $0) }
            let later = rail.chain.balance(of: rail.provider.walletAddress) - held
            #expect(try Amount.sum(coins, asset: rail.coin).units == Int256(later) && grown < later, "\(form)")
        }
    }

    /// Pays, and scans up to the payment.
    private func pay(_ comment: String, _ rail: Rail) async throws -> String? {
        try rail.chain.pay(1_000_000_000, to: rail.provider.walletAddress, comment: comment, by: "alice")
        try rail.chain.settle()
        return try await rail.scan(rail.coin).position
    }

    /// A chain transaction with one bit flipped in any cell, except in the head that names its place in the history.
    private static func damage(_ cell: Cell, _ random: SeededRandom, isRoot: Bool = true) throws(TONError) -> Cell {
        let place = random.bytes(4).reduce(0) { $0 << 8 | Int($1) }
        let isHere = cell.referenceCount == 0 || place % 4 == 0
        let first = isRoot ? 676 : 0
        if isHere, cell.bitCount > first {
            return try cell.turning(bit: first + place / 4 % (cell.bitCount - first))
        }
        guard cell.referenceCount > 0 else { return cell }
        let number = place / 4 % cell.referenceCount
        return try cell.changing(reference: number, to: damage(cell.reference(number), random, isRoot: false))
    }

    @Test("never stops the payments around it, whichever of its bits is flipped", arguments: [false, true])
    func damaged(inJettons: Bool) async throws {
        let seed: UInt64 = 20_261_129
        let random = SeededRandom(seed: seed)
        let rail = try Rail()
        let wallet = rail.provider.walletAddress
        let code = FixtureTON.jettonWalletCode(.standard)
        let scanned =
            inJettons
            ? try JettonWallet.address(owner: wallet, master: rail.master, code: code, layout: .standard) : wallet
        try rail.chain.mint(1_000_000, of: rail.master, layout: .standard, to: rail.chain.customer("alice").address)
        try rail.chain.settle()
        let rounds = 300
        for round in 0..<rounds {
            for isHostile in [false, true] {
                if isHostile {
                    rail.chain.rewriteNext(at: scanned) { cell throws(TONError) in try Self.damage(cell, random) }
                }
                let comment = isHostile ? "hostile" : "bread \(round)"
                if inJettons {
                    try rail.chain.payJetton(
                        1,
                        of: rail.master,
                        layout: .standard,
                        to: wallet,
                        comment: comment,
                        by: "alice",
                        forwardAmount: 0
                    )
                } else {
                    try rail.chain.pay(1_000_000, to: wallet, comment: comment, by: "alice")
                }
                try rail.chain.settle()
            }
        }
        var found: [Observation] = []
        var position: String?
        while true {
            let page = try await rail.scan(inJettons ? rail.jetton : rail.coin, after: position)
            found += page.observations
            position = page.position
            guard page.hasMore else { break }
        }
        let credited = Set(found.compactMap(\.incoming?.reference?.value))
        let expected = Set((0..<rounds).map { "bread\($0)" })
        #expect(expected.isSubset(of: credited), "seed \(seed): \(expected.subtracting(credited).sorted())")
        // The test shows something only when some could be read and some not.
        let aside = found.count { if case .setAside = $0 { true } else { false } }
        #expect(aside > rounds / 20 && aside < rounds, "seed \(seed): \(aside)")
    }
}
