import BigInt
import EVM
import Money
package import Payments
package import Providers
import Seams
import StrictJSON

extension EVMProvider: TransferScanning {
    /// The most blocks of one page.
    private static let pageSize: UInt64 = 50
    /// The most blocks after the final ones that are read for sightings.
    private static let sightingRange: UInt64 = 256
    /// How many blocks are read at once in the search for one of an earlier moment.
    private static let forkStep: UInt64 = 8

    /// The chain as a whole.
    package var standingAccounts: [ScanAccount] {
        [ScanAccount(account: hotAddress.lowercased, subject: "blocks")]
    }

    /// Blocks are read, not accounts.
    package var scansAccountsOfOptions: Bool { false }

    /// The observations of watched accounts and of the hot wallet in the blocks after a position.
    ///
    /// - Throws: `ProviderError`.
    package func page(
        of account: ScanAccount,
        after position: String?,
        watching: any AccountWatching
    ) async throws(ProviderError) -> ScanPage {
        let tip = try await client.tip(configuration.finality)
        guard let position else { return try await begin(tip, watching) }
        let known = try BlockLocator(stored: position)
        let common = try await commonPlace(known, tip)
        let fork = common == known.last ? nil : try await fork(at: common)
        let (base, revisedSince) = (fork?.place ?? common, fork?.moment)
        guard base.number < tip.final else {
            var page = ScanPage(observations: [], position: position, hasMore: false, completeUntil: nil)
            page.sightings = try await sightings(after: base, tip, watching)
            page.revisedSince = revisedSince
            if let revisedSince {
                page.position = known.cut(to: base).text
                page.completeUntil = revisedSince
            }
            return page
        }
        let end = min(tip.final, base.number + Self.pageSize)
        let read = try await read((base.number + 1)...end)
        guard let first = read.first, let last = read.last, first.header.parent == base.hash else {
            throw ProviderError(.gap, "the chain changed while it was read; it is read again")
        }
        observeClock(of: last, tip)
        let places = read.map { BlockLocator.Place(number: $0.number, hash: $0.hash) }
        let findings = try await findings(in: read, watching, tip)
        var page = ScanPage(
            observations: findings.map(\.observation),
            position: known.cut(to: base).advanced(by: places).text,
            hasMore: end < tip.final,
            completeUntil: Timestamp(seconds: Int64(clamping: last.header.timestamp))
        )
        page.revisedSince = revisedSince
        if let place = places.last, !page.hasMore { page.sightings = try await sightings(after: place, tip, watching) }
        return page
    }

    /// The very first page starts at the configured block, or at the last final one.
    private func begin(_ tip: EVMClient.Tip, _ watching: any AccountWatching) async throws(ProviderError) -> ScanPage {
        let start = min(configuration.firstBlock ?? tip.final, tip.final)
        let block = try await read(start...start)
        guard let first = block.first else { throw ProviderError(.lagging, "a node has no block \(start)") }
        observeClock(of: first, tip)
        let findings = try await findings(in: block, watching, tip)
        return ScanPage(
            observations: findings.map(\.observation),
            position: BlockLocator(.init(number: first.number, hash: first.hash)).text,
            hasMore: start < tip.final,
            completeUntil: Timestamp(seconds: Int64(clamping: first.header.timestamp))
        )
    }

    /// The latest block of a locator that is still in the chain.
    private func commonPlace(
        _ known: BlockLocator,
        _ tip: EVMClient.Tip
    ) async throws(ProviderError) -> BlockLocator.Place {
        guard tip.head >= known.last.number else {
            throw ProviderError(.lagging, "the nodes are behind block \(known.last.number), which was read already")
        }
        if try await client.hash(at: known.last.number) == known.last.hash { return known.last }
        let hashes = try await client.hashes(at: known.places.map(\.number))
        for (place, hash) in zip(known.places, hashes) where hash == place.hash { return place }
        throw ProviderError(.gap, "the chain has none of the blocks that were read; check which chain the nodes serve")
    }

    /// The block from which the scan goes on after a reorganisation, and the moment after which all recorded
    /// observations are in doubt.
    ///
    /// A chain may give several blocks the same moment. So the place is the last block with an earlier moment than the
    /// last common block: exactly the observations after that moment came after the place.
    private func fork(
        at common: BlockLocator.Place
    ) async throws(ProviderError) -> (place: BlockLocator.Place, moment: Timestamp) {
        var (first, last) = (common.number, common.number)
        while true {
            first = first - min(first, Self.forkStep)
            let blocks = try await read(first...last)
            guard let latest = blocks.last?.header.timestamp else {
                throw ProviderError(.lagging, "a node has no block \(last)")
            }
            if let place = blocks.last(where: { $0.header.timestamp < latest }) ?? (first == 0 ? blocks.first : nil) {
                let moment = Timestamp(seconds: Int64(clamping: place.header.timestamp))
                return (BlockLocator.Place(number: place.number, hash: place.hash), moment)
            }
            last = first
        }
    }

    // MARK: - Blocks

    /// Blocks of the chain: the quorum agrees on the last one, and the others are its ancestors.
    func read(
        _ range: ClosedRange<UInt64>,
        by asked: EVMClient? = nil
    ) async throws(ProviderError) -> [ChainBlock] {
        let client = asked ?? client
        var hash = try await client.hash(at: range.upperBound)
        // Blocks are taken from the cache as far as possible, from the end backwards.
        var found: [ChainBlock] = []
        var next = range.upperBound
        while let block = cache.block(hash), block.number == next {
            found.append(block)
            guard next > range.lowerBound else { return found.reversed() }
            hash = block.header.parent
            next -= 1
        }
        let fresh = try await client.blocks(
            range.lowerBound...next,
            endingWith: hash,
            checking: configuration.checksRoots
        )
        cache.keep(fresh)
        return fresh + found.reversed()
    }

    func receipts(
        of block: ChainBlock,
        by asked: EVMClient? = nil
    ) async throws(ProviderError) -> [ChainReceipt] {
        let client = asked ?? client
        if let kept = cache.receipts(block.hash) { return kept }
        let receipts = try await client.receipts(of: block, checking: configuration.checksRoots)
        cache.keep(receipts, of: block.hash)
        return receipts
    }

    /// What concerns us in some blocks, in their order.
    private func findings(
        in blocks: [ChainBlock],
        _ watching: any AccountWatching,
        _ tip: EVMClient.Tip
    ) async throws(ProviderError) -> [BlockReading.Finding] {
        var parties: [BlockParties] = []
        for block in blocks { parties.append(BlockParties(block, tokenParties: try await tokenParties(of: block))) }
        // This is asked after the blocks were read, because an address that was paid in them was handed out earlier.
        let candidates = Set(parties.flatMap(\.accounts).map(\.lowercased))
        let watched = try await watching.watched(among: candidates)
        let ours = watched.union([hotAddress.lowercased, gasAddress.lowercased])
        var findings: [BlockReading.Finding] = []
        for party in parties where party.accounts.contains(where: { ours.contains($0.lowercased) }) {
            findings += try await read(party.block, watched: watched, tip)
        }
        return findings
    }

    /// Reads a block in which our accounts moved, with the balances around it, all asked for at once.
    private func read(
        _ block: ChainBlock,
        watched: Set<String>,
        _ tip: EVMClient.Tip
    ) async throws(ProviderError) -> [BlockReading.Finding] {
        let receipts = try await receipts(of: block)
        let reading = BlockReading(provider: self, block: block, receipts: receipts, watched: watched)
        var state = BlockReading.State()
        state.balances = try await balances(of: reading.holdings, around: block, tip)
        state.contracts = try await client.contracts(among: reading.payers)
        return reading.findings(state)
    }

    private func balances(
        of holdings: [EVMClient.Holding],
        around block: ChainBlock,
        _ tip: EVMClient.Tip
    ) async throws(ProviderError) -> [EVMClient.Holding: BalanceChange] {
        var known = cache.changes(block.hash)
        let missing = holdings.filter { known[$0] == nil }
        guard !missing.isEmpty else { return known }
        do throws(ProviderError) {
            let found = try await client.changes(of: missing, in: block.hash, after: block.header.parent)
            cache.keep(found, around: block.hash)
            known.merge(found) { $1 }
        } catch {
            // Nodes without an archive forget the balances of old blocks. For coins, the block itself is exact. For
            // tokens it may not be, so that the scan waits for a node with an archive.
            let isForgotten = error.isAnswer && tip.head > block.number + Self.knownStates
            guard isForgotten, missing.allSatisfy({ $0.token == nil }) else { throw error }
        }
        return known
    }

    /// The senders and receivers in a block.
    private struct BlockParties {
        let block: ChainBlock
        let accounts: [EVMAddress]

        init(_ block: ChainBlock, tokenParties: [EVMAddress]) {
            self.block = block
            accounts =
                tokenParties + block.transactions.flatMap { [$0.sender] + ($0.to.map { [$0] } ?? []) }
                + block.withdrawals.map(\.address) + [block.header.beneficiary]
        }
    }

    /// The senders and receivers of tokens in a block whose header's log filter admits their logs.
    ///
    /// They are read from the receipts, whose root is in the header, so that no node can leave a log out. On chains
    /// where that cannot be checked, they are read from the logs on which the quorum agrees.
    private func tokenParties(of block: ChainBlock) async throws(ProviderError) -> [EVMAddress] {
        let tokens = configuration.tokens.map(\.contract)
        guard block.header.bloom.mayContain(ERC20Transfer.topic.bytes),
            tokens.contains(where: { block.header.bloom.mayContain($0.bytes) })
        else { return [] }
        guard configuration.checksRoots else {
            return try await client.tokenParties(in: block.hash, tokens: tokens)
        }
        return try await receipts(of: block).flatMap(\.receipt.logs).flatMap { log in
            guard tokens.contains(log.address), let transfer = try? ERC20Transfer(log) else { return [EVMAddress]() }
            return [transfer.from, transfer.to]
        }
    }

    // MARK: - What can still be undone

    private func sightings(
        after place: BlockLocator.Place,
        _ tip: EVMClient.Tip,
        _ watching: any AccountWatching
    ) async throws(ProviderError) -> [Sighting] {
        let end = min(tip.head, place.number + Self.sightingRange)
        guard end > place.number else { return [] }
        let blocks = try await read((place.number + 1)...end)
        observeClock(of: blocks.last, tip)
        guard blocks.first?.header.parent == place.hash else {
            throw ProviderError(.gap, "the chain changed while it was read; it is read again")
        }
        var sightings: [Sighting] = []
        for finding in try await findings(in: blocks, watching, tip) {
            guard let transfer = Self.payment(in: finding.observation) else { continue }
            let depth = Int(clamping: tip.head - finding.block + 1)
            let missing = Int(clamping: finding.block - min(finding.block, tip.final))
            sightings.append(Sighting(transfer: transfer, confirmations: depth, required: depth + missing))
        }
        return sightings
    }

    /// A payment that a block shows, by itself or by the balance of the option's address.
    private static func payment(in observation: Observation) -> IncomingTransfer? {
        switch observation {
        case .incoming(let transfer): transfer
        case .mark(let mark): mark.rest.flatMap { mark.payment(of: $0) }
        default: nil
        }
    }

    /// Which payments were in blocks that are no longer in the chain.
    ///
    /// - Throws: `ProviderError`.
    package func vanished(among payments: [Payment]) async throws(ProviderError) -> [NaturalKey] {
        var places: [(key: NaturalKey, number: UInt64, hash: EVMHash)] = []
        for payment in payments {
            guard let evidence = try? JSONValue(parsing: Array(payment.evidence.utf8)),
                let number = evidence["block"]?.stringValue.flatMap({ UInt64($0) }),
                let hash = evidence["block_hash"]?.stringValue.flatMap({ try? EVMHash($0) })
            else { throw ProviderError(.malformed, "the evidence of payment \(payment.id) names no block") }
            places.append((payment.naturalKey, number, hash))
        }
        guard !places.isEmpty else { return [] }
        let numbers = Set(places.map(\.number)).sorted()
        var canonical: [UInt64: EVMHash] = [:]
        for (number, hash) in zip(numbers, try await client.hashes(at: numbers)) {
            // A missing block proves nothing, because the new branch may not have grown to it yet. It is asked for
            // again.
            guard let hash else { throw ProviderError(.lagging, "the chain has not grown back to block \(number) yet") }
            canonical[number] = hash
        }
        return places.filter { canonical[$0.number] != $0.hash }.map(\.key)
    }
}
