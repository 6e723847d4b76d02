import DatabaseEngines
import Ledger
import Money
import Payments
import Providers
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import Testing

@Suite("A wallet that is ahead of its books")
struct WalletGateTests {
    private static let numberings = NumberedChain.Numbering.allCases

    @Test(
        "pays nothing twice after its database was restored, and pays each owed payout once after a person's decisions",
        arguments: Engine.allCases,
        numberings
    )
    func restored(engine: Engine, numbering: NumberedChain.Numbering) async throws {
        let seed: UInt64 = 20_261_128
        let random = SeededRandom(seed: seed)
        print("seed \(seed)")
        for round in 0..<4 {
            let chain = NumberedChain(numbering)
            // Yesterday's copy has the same payouts, none of them sent.
            let today = try await WalletBranch(on: chain, engine, name: "today")
            let copy = try await WalletBranch(on: chain, engine, name: "copy", first: 5_000)
            let count = Int(random.next() % 6) + 1
            try await today.ask(1...count)
            try await today.work()
            #expect(chain.paid.values.allSatisfy { $0 == 1 } && chain.paid.count == count)
            try await copy.ask(1...6)
            // Advancing a payout before the scan has seen the spends is as safe.
            for id in try await copy.settlement.outgoingDue() where round % 2 == 0 {
                try await copy.settlement.advance(id)
            }
            try await copy.work()
            #expect(copy.rail.signatures == 0)
            #expect(copy.settlement.conditions.all.map(\.name) == ["wallet numbered hot"])
            let cases = try await copy.settlement.database.read { session in
                try session.cases(of: nil, state: .open, in: Page(limit: 100)).filter { $0.reason == .walletHeld }
            }
            #expect(cases.count == 1)
            let list = try await copy.list()
            #expect(list.owed.count == 6 && list.owed.filter { !$0.candidates.isEmpty }.count == count)
            #expect(list.owed.flatMap(\.candidates).allSatisfy { $0.likeness == .certain })
            await #expect(throws: SettlementError(.conflict, "")) {
                try await copy.settlement.resumeWallet("hot", of: "numbered")
            }
            try await copy.decideByTheList()
            #expect(try await copy.settlement.resumeWallet("hot", of: "numbered").hold == nil)
            try await copy.work()
            #expect(chain.paid == Dictionary(uniqueKeysWithValues: (1...6).map { ("receiver \($0)", 1) }))
            for number in 1...6 { #expect(try await copy.state(number) == .completed) }
            #expect(try await copy.account("payouts_payable") == 0)
            #expect(try await copy.account("suspense") == 0)
            #expect(try await copy.account("provider_receivable") == 979_000_000)
            #expect(copy.settlement.conditions.all.isEmpty)
            #expect(try await copy.findings().isEmpty)
        }
    }

    @Test("stops when its key signs elsewhere, whatever the number", arguments: Engine.allCases, numberings)
    func foreignSpend(engine: Engine, numbering: NumberedChain.Numbering) async throws {
        let chain = NumberedChain(numbering)
        let branch = try await WalletBranch(on: chain, engine, name: "ours")
        try await branch.ask(1...2)
        try await branch.work()
        #expect(chain.requests.count == 2)
        let theirs = SentPayment(destination: "thief", amount: Amount(asset: branch.coin.id, units: 5_000_000))
        chain.take(.init(hash: "theirs", number: numbering == .inTurn ? 2 : 77, payment: theirs))
        try await branch.ask(3...3)
        try await branch.work()
        #expect(try await branch.state(3) == .awaitingPayment)
        #expect(chain.paid["receiver 3"] == nil)
        let list = try await branch.list()
        #expect(list.spends.map(\.payment?.destination) == ["thief"])
        let unmatched = try await branch.settlement.database.read { session in
            try session.openCases(of: NaturalKey("numbered", "2")).map(\.reason)
        }
        #expect(unmatched == [.unmatched])
        try await branch.decideByTheList()
        _ = try await branch.settlement.resumeWallet("hot", of: "numbered")
        try await branch.work()
        #expect(chain.paid["receiver 3"] == 1)
        #expect(try await branch.account("suspense") == 5_000_000)
    }

    @Test("books what a transfer of ours moved beyond its amount", arguments: Engine.allCases)
    func otherAmount(engine: Engine) async throws {
        for factor in 1...3 {
            let chain = NumberedChain(.inTurn)
            chain.factor = factor
            let branch = try await WalletBranch(on: chain, engine, name: "ours")
            try await branch.ask(3...3)
            try await branch.work()
            #expect(try await branch.state(3) == .completed)
            // The books show the wallet's balance, and the excess opens a case.
            #expect(try await branch.account("provider_receivable") == Int256(1_000_000_000 - 3_000_000 * factor))
            #expect(try await branch.account("suspense") == Int256(3_000_000 * (factor - 1)))
            let cases = try await branch.settlement.database.read { session in
                try session.cases(of: nil, state: .open, in: Page(limit: 10)).map(\.reason)
            }
            #expect(cases == (factor == 1 ? [] : [.unmatched]))
        }
    }

    @Test("stops while nodes know of requests that were not signed here", arguments: Engine.allCases)
    func pool(engine: Engine) async throws {
        let chain = NumberedChain(.inTurn)
        let branch = try await WalletBranch(on: chain, engine, name: "ours")
        let payment = SentPayment(destination: "receiver 1", amount: Amount(asset: branch.coin.id, units: 1_000_000))
        chain.delay(.init(hash: "theirs", number: 0, payment: payment))
        try await branch.ask(1...1)
        try await branch.work()
        #expect(branch.rail.signatures == 0)
        _ = try await branch.settlement.decide(PayoutID(value: 1).text, .owed)
        // The pending request may still take effect, so it has to be seen first.
        await #expect(throws: SettlementError(.conflict, "")) {
            try await branch.settlement.resumeWallet("hot", of: "numbered")
        }
        chain.land()
        try await branch.scan()
        #expect(try await branch.list().owed.first?.candidates.count == 1)
    }

    /// The other request may be the transfer itself, signed by the gateway whose database was restored from a copy.
    @Test("stops when something else has used the number of what it signed", arguments: Engine.allCases, [1, 2])
    func displaced(engine: Engine, receiver: Int) async throws {
        let chain = NumberedChain(.inTurn)
        let branch = try await WalletBranch(on: chain, engine, name: "ours")
        try await branch.ask(1...2)
        let amount = Amount(asset: branch.coin.id, units: Int256(receiver * 1_000_000))
        let theirs = SentPayment(destination: "receiver \(receiver)", amount: amount)
        // The other request takes the number between our reading of the chain and our sending.
        let id = PayoutID(value: 1).text
        let lost = try Desk.settlement(
            branch.settlement.database,
            [branch.rail],
            branch.coin,
            branch.clock,
            FaultInjector { point in
                if point == FaultPoint.afterSigning { chain.take(.init(hash: "t", number: 0, payment: theirs)) }
            }
        )
        try await lost.advance(id)
        #expect(chain.requests.map(\.hash) == ["t"])
        try await branch.work()
        // The money stays reserved until a person decides, because it may have left.
        #expect(try await branch.state(1) == .unknown)
        #expect(try await branch.state(2) == .awaitingPayment)
        #expect(try await branch.list().owed.map(\.candidates.count) == (receiver == 1 ? [1, 0] : [0, 1]))
        try await branch.decideByTheList()
        _ = try await branch.settlement.resumeWallet("hot", of: "numbered")
        try await branch.work()
        #expect(chain.paid == ["receiver 1": 1, "receiver 2": 1])
        for number in 1...2 { #expect(try await branch.state(number) == .completed) }
        #expect(try await branch.account("payouts_payable") == 0)
        #expect(try await branch.account("suspense") == 0)
    }

    @Test("stays held after a restart, but not for its spends from before the gateway knew it")
    func survives() async throws {
        let chain = NumberedChain(.inTurn)
        let coin = try AssetID("ton:testnet:native")
        let payment = SentPayment(destination: "earlier", amount: Amount(asset: coin, units: 1_000_000))
        chain.take(.init(hash: "earlier", number: 0, payment: payment))
        let branch = try await WalletBranch(on: chain, .sqlite, name: "ours")
        try await branch.ask(1...1)
        try await branch.work()
        #expect(chain.paid["receiver 1"] == 1)
        chain.take(.init(hash: "theirs", number: 2, payment: payment))
        _ = try await branch.settlement.compareWallets()
        let again = try Desk.settlement(branch.settlement.database, [branch.rail], branch.coin, branch.clock, .none)
        #expect(again.conditions.all.isEmpty)
        try await again.showHolds()
        #expect(again.conditions.all.map(\.name) == ["wallet numbered hot"])
        #expect(again.conditions.all.first?.severity == .degraded)
    }

    @Test("knows which numbers the chain has taken, whatever the end of their transfers", arguments: Engine.allCases)
    func taken(engine: Engine) async throws {
        let branch = try await WalletBranch(on: NumberedChain(.inTurn), engine, name: "ours")
        let (amount, now) = (Amount(asset: branch.coin.id, units: 1), branch.clock.now())
        let ends: [(PayoutStateMachine.State, fee: Amount?, at: Timestamp)] = [
            (.completed, nil, now), (.failed, amount, now), (.failed, nil, now),
            (.completed, nil, now.advanced(by: .seconds(-1))),
        ]
        let transfers = ends.enumerated().map { number, end in
            var transfer = OutgoingTransfer(
                purpose: .payout(PayoutID(value: UInt128(100 + number))),
                merchant: WalletBranch.merchant,
                provider: "numbered",
                amount: amount,
                destination: "somebody",
                status: PayoutStateMachine(state: end.0),
                prepared: PreparedTransfer(bytes: [], hash: "h\(number)", sequence: Int64(number), validUntil: nil),
                createdAt: now
            )
            transfer.networkFee = end.fee
            transfer.concludedAt = end.at
            return transfer
        }
        let taken = try await branch.settlement.database.write { session in
            for transfer in transfers {
                var signed = transfer
                signed.status = PayoutStateMachine(state: .awaitingPayment)
                try session.insert(signed)
                _ = try session.update(transfer, from: .awaitingPayment, lane: nil, nextAttemptAt: now)
            }
            return try session.lastTakenSequence(provider: "numbered", since: now)
        }
        // The number of a request that was never taken is free again, and an earlier wallet's numbers do not count.
        #expect(taken == 1)
    }

    @Test("is compared by its numbers before each signature")
    func table() {
        func verdict(_ numbers: WalletNumbers, _ books: WalletBooks) -> String {
            switch SigningPermit.compare(WalletReading(wallet: "w", numbers: numbers), with: books) {
            case .allowed(let permit): permit.number.map { "sign \($0)" } ?? "sign"
            case .held: "held"
            case .ahead: "ahead"
            case .behind: "behind"
            }
        }
        for signed in Int64(0)...3 {
            for next in Int64(0)...4 {
                for pending in next...5 {
                    let expected = next <= signed && pending <= signed ? "sign \(next)" : "ahead"
                    let numbers = WalletNumbers.inTurn(next: next, pending: pending)
                    #expect(verdict(numbers, WalletBooks(signedBelow: signed)) == expected)
                    #expect(verdict(numbers, WalletBooks(signedBelow: signed, hold: "h")) == "held")
                    for taken in 0...signed {
                        let books = WalletBooks(signedBelow: signed, takenBelow: taken)
                        #expect(verdict(numbers, books) == (next < taken ? "behind" : expected))
                    }
                }
            }
        }
        let all: [Set<Int64>] = [[], [1], [2], [1, 2]]
        for taken in all {
            for known in all {
                let numbers = WalletNumbers.inAnyOrder(taken: taken, modulus: 8, since: 0)
                let expected = taken.isSubset(of: known) ? "sign" : "ahead"
                #expect(verdict(numbers, WalletBooks(signedBelow: 0, known: known)) == expected)
            }
        }
    }
}
