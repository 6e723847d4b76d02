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
        // The fee expected by the last block's price has the right magnitude.
        #expect(BigInt(expected.units) * 4 > BigInt(fee.units) && BigInt(expected.units) < BigInt(fee.units) * 4)
    }

    @Test("are dead, with their fee, when the token returns false and moves nothing")
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

    @Test("take effect once when sent again after a crash, whatever the node answers")
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

    @Test("are confirmed, displaced when their nonce was used by something else, or pending")
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

    @Test("are sent again after the nodes have dropped them, and block no others")
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
        "keep nonce and receiver when the fee is raised, and either signature completes the one payout",
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
        "are refused before signing when the token is paused or blocks the receiver",
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

    @Test("are not signed while the nodes' head is too old")
    func lag() async throws {
        let (rail, supplier) = try funded()
        rail.clock.advance(by: .seconds(600))
        await #expect(throws: ProviderError(.lagging, "")) {
            try await rail.prepare(rail.order(1_000, rail.coin, to: supplier))
        }
    }

    @Test("are refused to destinations that lose money, when requested and again before signing")
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

    @Test("are found by the scan under the hash that the payout has")
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

    /// False statements of a node about a payout.
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
                // The form of an answer to a single count.
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
        // As many nodes lie as could decide alone if they were believed.
        rail.transport.changeAnswers { node, text in
            let isLiar = node == "http://chain/evm" || node == "http://chain/evm/1" && network.quorum == 2
            return isLiar ? lie.told(text) : text
        }
        let fate = try? await rail.provider.fate(of: prepared, for: order)
        #expect(fate.map(isDisplaced) != true)
        // One honest node is enough to learn the fate; without one, a lie is only refused.
        if network.nodes == 3, isSent { #expect(fate.map(isConfirmed) == true) }
        rail.transport.changeAnswers(nil)
        #expect(isConfirmed(try await rail.provider.fate(of: prepared, for: order)) == isSent)
    }

    @Test("of a token that gives a part to somebody else are confirmed; with another amount they are left to a person")
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

    @Test("are not dead because nodes have lost the receipt: only another use of the nonce proves that")
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
        // The block in which the nonce was used has the transfer all the same.
        #expect(isConfirmed(try await rail.provider.fate(of: prepared, for: order)))
    }
}
