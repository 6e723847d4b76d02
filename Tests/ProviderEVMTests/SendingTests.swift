import BigInt
import EVM
import FixtureEVM
import Money
import Payments
import ProviderEVM
import Providers
import Seams
import SigningDesk
import Testing

@Suite("Transfers out on an EVM chain")
struct SendingTests {
    private func funded(_ behaviour: FixtureToken.Behaviour = .standard) throws -> (EVMRail, supplier: EVMAddress) {
        let rail = try EVMRail(behaviour: behaviour)
        rail.fund()
        rail.chain.mine(3)
        return (rail, try rail.chain.customer("supplier").address)
    }

    private func isConfirmed(_ fate: TransferFate) -> Bool {
        if case .confirmed = fate { return true }
        return false
    }

    private func isDisplaced(_ fate: TransferFate) -> Bool {
        switch fate {
        case .displaced, .dead: true
        case .pending, .confirmed, .lost: false
        }
    }

    @Test("arrive to the unit, with the fee that the chain charged", arguments: [false, true])
    func arrive(isToken: Bool) async throws {
        let (rail, supplier) = try funded()
        let asset = isToken ? rail.tokenAsset : rail.coin
        let before = isToken ? rail.chain.balance(of: supplier, token: rail.token) : rail.chain.balance(of: supplier)
        let coins = rail.chain.balance(of: rail.provider.hotWallet)
        let order = rail.order(1_000, asset, to: supplier)
        let prepared = try await rail.prepare(order)
        let expected = try #require(rail.provider.expectedFee(of: order))
        #expect(try await rail.provider.fate(of: prepared, for: order) == .pending)
        #expect(await rail.provider.submit(prepared) == .accepted)
        rail.chain.mine()
        #expect(try await rail.provider.fate(of: prepared, for: order) == .pending)
        rail.chain.mine(2)
        guard case .confirmed(_, let fee?, _) = try await rail.provider.fate(of: prepared, for: order) else {
            Issue.record("not confirmed")
            return
        }
        let after = isToken ? rail.chain.balance(of: supplier, token: rail.token) : rail.chain.balance(of: supplier)
        #expect(after - before == 1_000)
        let spent = coins - rail.chain.balance(of: rail.provider.hotWallet)
        #expect(BigInt(fee.units) == BigInt(spent) - (isToken ? 0 : 1_000))
        // What was expected by the last block's price is of the right size.
        #expect(BigInt(expected.units) * 4 > BigInt(fee.units) && BigInt(expected.units) < BigInt(fee.units) * 4)
    }

    @Test("F47: are dead, with their fee, when the token answers 'no' and moves nothing")
    func refusingToken() async throws {
        let (rail, supplier) = try funded(.refusing)
        let order = rail.order(1_000, rail.tokenAsset, to: supplier)
        let prepared = try await rail.prepare(order)
        _ = await rail.provider.submit(prepared)
        rail.chain.mine(3)
        guard case .dead(_, let fee?, _) = try await rail.provider.fate(of: prepared, for: order) else {
            Issue.record("not dead")
            return
        }
        #expect(fee.isPositive)
    }

    @Test("F49: sent again after a crash have one effect, whatever the node says")
    func sentAgain() async throws {
        let (rail, supplier) = try funded()
        let before = rail.chain.balance(of: supplier)
        let order = rail.order(1_000, rail.coin, to: supplier)
        let prepared = try await rail.prepare(order)
        var faults = FixtureEVM.Faults()
        faults.lostReplies = 1
        for node in 0..<3 { rail.chain.set(faults, node: node) }
        if case .rejected = await rail.provider.submit(prepared) { Issue.record("a lost reply is no rejection") }
        for _ in 0..<5 {
            _ = await rail.provider.submit(prepared)
            rail.chain.mine()
        }
        #expect(isConfirmed(try await rail.provider.fate(of: prepared, for: order)))
        #expect(rail.chain.balance(of: supplier) - before == 1_000)
    }

    @Test("F50: have three answers: mined by us, its number used by something else, or unused")
    func threeAnswers() async throws {
        let (rail, supplier) = try funded()
        let order = rail.order(1_000, rail.coin, to: supplier)
        let (ours, theirs) = (try await rail.prepare(order), try await rail.prepare(order))
        #expect(try await rail.provider.fate(of: ours, for: order) == .pending)
        let other = rail.order(5, rail.coin, to: supplier)
        let winner = try await rail.prepare(other)
        #expect(winner.sequence == ours.sequence)
        _ = await rail.provider.submit(winner)
        rail.chain.mine(3)
        #expect(isConfirmed(try await rail.provider.fate(of: winner, for: other)))
        #expect(isDisplaced(try await rail.provider.fate(of: ours, for: order)))
        #expect(isDisplaced(try await rail.provider.fate(of: theirs, for: order)))
    }

    @Test("F51: that the nodes have forgotten are sent again, and block nobody")
    func forgotten() async throws {
        let (rail, supplier) = try funded()
        let order = rail.order(1_000, rail.coin, to: supplier)
        let prepared = try await rail.prepare(order)
        _ = await rail.provider.submit(prepared)
        rail.chain.drop(from: rail.provider.hotWallet)
        rail.chain.mine(3)
        #expect(try await rail.provider.fate(of: prepared, for: order) == .pending)
        _ = await rail.provider.submit(prepared)
        rail.chain.mine(3)
        #expect(isConfirmed(try await rail.provider.fate(of: prepared, for: order)))
        let next = try await rail.prepare(order)
        #expect(next.sequence == (prepared.sequence ?? 0) + 1)
    }

    @Test(
        "F52: with a raised fee share number and receiver, and either of them settles the one payout",
        arguments: [false, true]
    )
    func raisedFee(oldOneWins: Bool) async throws {
        let (rail, supplier) = try funded()
        let before = rail.chain.balance(of: supplier)
        let order = rail.order(1_000, rail.coin, to: supplier)
        let first = try await rail.prepare(order)
        _ = await rail.provider.submit(first)
        #expect(try await rail.renewed(first, for: order) == nil)
        rail.clock.advance(by: .seconds(91))
        let second = try #require(try await rail.renewed(first, for: order))
        #expect(second.hash == first.hash)
        #expect(second.sequence == first.sequence)
        #expect(second.bytes != first.bytes)
        if oldOneWins { rail.chain.mine() }
        _ = await rail.provider.submit(second)
        rail.chain.mine(3)
        #expect(isConfirmed(try await rail.provider.fate(of: second, for: order)))
        #expect(rail.chain.balance(of: supplier) - before == 1_000)
    }

    @Test(
        "F60: of a token that is paused, or to an address that it blocks, are refused before anything is signed",
        arguments: [false, true]
    )
    func paused(isBlocked: Bool) async throws {
        let (rail, supplier) = try funded()
        rail.chain.changeToken(rail.token) { token in
            if isBlocked { token.blocked = [supplier] } else { token.behaviour = .paused }
        }
        await #expect(throws: ProviderError(.refused, "")) {
            try await rail.prepare(rail.order(1_000, rail.tokenAsset, to: supplier))
        }
    }

    @Test("F42: are not signed while the nodes' head is too old")
    func lag() async throws {
        let (rail, supplier) = try funded()
        rail.clock.advance(by: .seconds(600))
        await #expect(throws: ProviderError(.lagging, "")) {
            try await rail.prepare(rail.order(1_000, rail.coin, to: supplier))
        }
    }

    @Test("are refused to where money is lost, when they are asked for and again before anything is signed")
    func badDestinations() async throws {
        let (rail, supplier) = try funded()
        let checksum = supplier.description
        let letter = try #require(checksum.dropFirst(2).first { $0.isUppercase })
        let places: [(String, DestinationRefusal.Kind)] = [
            ("", .malformed), ("0x", .malformed), (String(checksum.dropLast()), .malformed),
            (checksum.replacing(String(letter), with: letter.lowercased(), maxReplacements: 1), .malformed),
            (EVMAddress.zero.description, .nobody), ("0x000000000000000000000000000000000000dEaD", .nobody),
            ("0x0000000000000000000000000000000000000001", .system),
            ("0x0000000000000000000000000000000000000100", .system),
            ("0x4200000000000000000000000000000000000016", .system),
            ("0x00000000219ab540356cBB839Cbe05303d7705Fa", .system), (rail.token.description, .token),
            (rail.provider.hotWallet.description, .own), (rail.provider.gasWallet.lowercased, .own),
        ]
        for (destination, kind) in places {
            for asset in [rail.coin, rail.tokenAsset] {
                let refusal = #expect(throws: DestinationRefusal.self) {
                    try rail.provider.account(of: destination, for: asset)
                }
                #expect(refusal?.kind == kind, "\(destination)")
                let amount = Amount(asset: asset, units: 1)
                let order = TransferOrder(id: "po_1", amount: amount, destination: destination, comment: nil)
                await #expect(throws: ProviderError(.refused, "")) { try await rail.prepare(order) }
            }
        }
        for spelling in [checksum, supplier.lowercased] {
            #expect(try rail.provider.account(of: spelling, for: rail.coin) == supplier.lowercased)
        }
    }

    @Test("wait when the wallet holds too little, in tokens or in coins for the fee")
    func tooLittle() async throws {
        let rail = try EVMRail()
        rail.chain.mine(3)
        let supplier = try rail.chain.customer("supplier").address
        for asset in [rail.coin, rail.tokenAsset] {
            await #expect(throws: ProviderError(.unavailable, "")) {
                try await rail.prepare(rail.order(1_000, asset, to: supplier))
            }
        }
    }

    @Test("are seen in the chain as sent, under the name that the payout has")
    func seen() async throws {
        let (rail, supplier) = try funded()
        let order = rail.order(1_000, rail.tokenAsset, to: supplier)
        let prepared = try await rail.prepare(order)
        _ = await rail.provider.submit(prepared)
        rail.chain.mine(4)
        let sent = try await rail.scan().observations.compactMap { observation -> SentTransfer? in
            if case .sent(let sent) = observation { return sent }
            return nil
        }
        #expect(sent.count == 2)
        #expect(sent.allSatisfy { $0.hash == prepared.hash })
    }

    /// What a node can say of a payout that is not so.
    enum Lie: CaseIterable {
        case failed, withoutLogs, inNoBlock, inAnotherBlock, numberUsed

        @Sendable func told(_ text: String) -> String {
            switch self {
            case .failed: text.replacing("\"status\":\"0x1\"", with: "\"status\":\"0x0\"")
            case .withoutLogs: text.replacing(/"logs":\[\{.*?\}\]/, with: "\"logs\":[]")
            case .inNoBlock:
                text.hasPrefix("[{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{\"type\":\"0x2\",\"status\"")
                    ? "[{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":null}]" : text
            case .inAnotherBlock:
                text.contains("\"status\"")
                    ? text.replacing(/"blockNumber":"0x[0-9a-f]+"/, with: "\"blockNumber\":\"0x1\"") : text
            case .numberUsed:
                // What an answer to a single count looks like.
                text.replacing(/^\[\{"jsonrpc":"2.0","id":0,"result":"0x[01]"\}\]$/) { _ in
                    "[{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":\"0x9\"}]"
                }
            }
        }
    }

    @Test(
        "are never dead because nodes say so: the receipt has to have the root of a block that the quorum agreed on",
        arguments: Lie.allCases,
        [(nodes: 1, quorum: 1), (nodes: 3, quorum: 1), (nodes: 3, quorum: 2)]
    )
    func lyingNode(lie: Lie, of network: (nodes: Int, quorum: Int)) async throws {
        let rail = try EVMRail(nodes: network.nodes, quorum: network.quorum)
        rail.fund()
        rail.chain.mine(3)
        let order = rail.order(1_000, rail.tokenAsset, to: try rail.chain.customer("supplier").address)
        let prepared = try await rail.prepare(order)
        let isSent = lie != .numberUsed
        if isSent { _ = await rail.provider.submit(prepared) }
        rail.chain.mine(4)
        // As many lie as could decide alone if their word counted.
        rail.transport.changeAnswers { node, text in
            let isLiar = node == "http://chain/evm" || node == "http://chain/evm/1" && network.quorum == 2
            return isLiar ? lie.told(text) : text
        }
        let fate = try? await rail.provider.fate(of: prepared, for: order)
        #expect(fate.map(isDisplaced) != true)
        // One honest node is enough to learn what happened; alone, a liar can only be refused.
        if network.nodes == 3, isSent { #expect(fate.map(isConfirmed) == true) }
        rail.transport.changeAnswers(nil)
        #expect(isConfirmed(try await rail.provider.fate(of: prepared, for: order)) == isSent)
    }

    @Test("of a token that gives a part to somebody else have arrived; one that moved something else is for a person")
    func loggedFee() async throws {
        let rail = try EVMRail(behaviour: .loggedFee(100, to: try EVMAddress(bytes: [UInt8](repeating: 9, count: 20))))
        rail.fund()
        rail.chain.mine(3)
        let order = rail.order(1_000, rail.tokenAsset, to: try rail.chain.customer("supplier").address)
        let prepared = try await rail.prepare(order)
        _ = await rail.provider.submit(prepared)
        rail.chain.mine(4)
        #expect(isConfirmed(try await rail.provider.fate(of: prepared, for: order)))
        let other = rail.order(1_000, rail.tokenAsset, to: try rail.chain.customer("somebody else").address)
        await #expect(throws: ProviderError(.malformed, "")) {
            try await rail.provider.fate(of: prepared, for: other)
        }
    }

    @Test("F50: are not dead because nodes have lost the receipt: only another user of the number proves it")
    func lostReceipt() async throws {
        let (rail, supplier) = try funded()
        let order = rail.order(1_000, rail.coin, to: supplier)
        let prepared = try await rail.prepare(order)
        _ = await rail.provider.submit(prepared)
        rail.chain.mine(3)
        rail.transport.changeAnswers { _, text in
            text.contains("\"result\":{\"type\":\"0x2\",\"status\"")
                ? "[{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":null}]" : text
        }
        // The block in which its number was used has it all the same.
        #expect(isConfirmed(try await rail.provider.fate(of: prepared, for: order)))
    }
}
