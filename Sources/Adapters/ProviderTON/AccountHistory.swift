import Providers
import Seams
import TON

/// Reads an account's history so that nothing can be missing: from the newest back to what is known, each chain
/// transaction checked to be the one that its successor names.
struct AccountHistory: Sendable {
    /// The most chain transactions between the head and the scan cursor.
    static let maximumLength = 20_000
    private static let pageSize = 100

    let client: ToncenterClient

    /// What was found between the head and what is known.
    enum Reading {
        /// What happened after the known place, the oldest first.
        case joined([AccountStep])
        /// The head does not come after the known place.
        case other(OtherHistory)
    }

    /// A way from an account's head back, each chain transaction checked to be the one that its successor names.
    struct Walk {
        /// What was read, the newest first.
        private(set) var steps: [AccountStep] = []
        /// What comes before it.
        private(set) var next: ChainPlace

        init(from place: ChainPlace) { next = place }

        /// - Throws: `ProviderError` with the code `gap` when it is not what comes next, or when logical time or time do
        ///   not go back: what was recorded after a moment is found by that.
        mutating func take(_ step: AccountStep) throws(ProviderError) {
            guard ChainPlace(step) == next else {
                throw ProviderError(.gap, "the chain transaction at logical time \(next.lt) is missing")
            }
            guard step.head.previousLT < step.head.lt, step.head.now <= steps.last?.head.now ?? .max else {
                throw ProviderError(
                    .gap,
                    "the chain transaction at logical time \(next.lt) is older than one before it"
                )
            }
            steps.append(step)
            next = ChainPlace(lt: step.head.previousLT, hash: step.head.previousHash)
        }

        /// Goes on from an older place, with which an account ended.
        mutating func skip(to place: ChainPlace) { next = place }
    }

    /// What happened after a place up to an account's last chain transaction, the oldest first, or another history than the one that was read.
    ///
    /// - Throws: `ProviderError`; with the code `gap` when the answer does not join up in itself.
    func since(
        _ known: ScanLocator,
        of address: TONAddress,
        upTo tip: ChainPlace
    ) async throws(ProviderError) -> Reading {
        let newest = known.newest
        var walk = Walk(from: tip)
        if tip.lt >= newest.lt {
            try await read(&walk, of: address) { $0.next.lt > newest.lt }
            var joinsUp = walk.next == newest.chain || newest.isBeginning
            if !joinsUp, walk.next.lt == 0 { joinsUp = try await ended(at: newest, of: address) }
            if joinsUp {
                guard walk.steps.last?.head.now ?? .max >= newest.time else {
                    throw ProviderError(.gap, "what follows logical time \(newest.lt) is older than it")
                }
                return .joined(walk.steps.reversed())
            }
        } else if tip.lt == 0, try await ended(at: newest, of: address) {
            return .joined([])
        }
        return .other(try await other(known, of: address, head: tip, walk))
    }

    /// Looks for the newest place that was read and is in another history, too, and reads that history from its moment on.
    private func other(
        _ known: ScanLocator,
        of address: TONAddress,
        head: ChainPlace,
        _ begun: Walk
    ) async throws(ProviderError) -> OtherHistory {
        var walk = begun
        let oldest = known.places.last?.lt ?? 0
        try await read(&walk, of: address) { walk in
            walk.next.lt > oldest && !known.places.contains { $0.chain == walk.next }
        }
        var common = known.places.first { $0.chain == walk.next }
        if walk.next.lt == 0 {
            common = try await lastShown(of: known, of: address)
            if let common { walk.skip(to: common.chain) }
        }
        var moment: UInt32 = 0
        if let common, !common.isBeginning {
            let count = walk.steps.count
            try await read(&walk, of: address) { $0.steps.count == count }
            moment = walk.steps.last?.head.now ?? 0
            try await read(&walk, of: address) { $0.steps.last?.head.now ?? 0 >= moment }
        }
        return OtherHistory(known: known, head: head, steps: walk.steps, common: common, moment: moment)
    }

    /// Where an account's history goes on that has begun anew: the newest place that was read, if the account ended with
    /// it, or the beginning, if the node has none of what was read.
    ///
    /// What the node itself still shows is on the chain, whatever the account's state says: then there is none.
    private func lastShown(
        of known: ScanLocator,
        of address: TONAddress
    ) async throws(ProviderError) -> ScanLocator.Place? {
        for place in known.places where !place.isBeginning {
            guard let step = try await shown(place, of: address) else { continue }
            return step.transaction?.endStatus == .nonexistent ? place : nil
        }
        return known.places.last { $0.isBeginning }
    }

    /// Reads on while a condition holds, at most back to the account's beginning.
    func read(
        _ walk: inout Walk,
        of address: TONAddress,
        while goesOn: (Walk) -> Bool
    ) async throws(ProviderError) {
        while walk.next.lt > 0, goesOn(walk) {
            guard walk.steps.count < Self.maximumLength else {
                throw ProviderError(.unavailable, "more than \(Self.maximumLength) chain transactions to read at once")
            }
            let place = (lt: walk.next.lt, hash: walk.next.hash)
            for step in try await page(of: address, from: place) where walk.next.lt > 0 && goesOn(walk) {
                try walk.take(step)
            }
        }
    }

    /// Steps of an account from a place back, at least one.
    ///
    /// Fewer are asked for while the node's answer is too large, so that large messages from strangers cannot block the
    /// scan.
    private func page(
        of address: TONAddress,
        from place: (lt: UInt64, hash: CellHash)
    ) async throws(ProviderError) -> [AccountStep] {
        var limit = Self.pageSize
        while true {
            let page: [AccountStep]
            do throws(ProviderError) {
                page = try await client.transactions(of: address, lt: place.lt, hash: place.hash, limit: limit)
            } catch {
                guard error.code == .unavailable, limit > 1 else { throw error }
                limit = max(1, limit / 10)
                continue
            }
            guard !page.isEmpty else {
                throw ProviderError(.unavailable, "the node left out chain transactions that it had announced")
            }
            return page
        }
    }

    /// Whether an account ceased to exist with the chain transaction that was read last: what it does later joins up with
    /// nothing.
    private func ended(at place: ScanLocator.Place, of address: TONAddress) async throws(ProviderError) -> Bool {
        try await shown(place, of: address)?.transaction?.endStatus == .nonexistent
    }

    /// What was read at a place, as the node shows it when it is asked for just that; nil when it has nothing there.
    private func shown(_ place: ScanLocator.Place, of address: TONAddress) async throws(ProviderError) -> AccountStep? {
        let step = try await client.transaction(of: address, lt: place.lt, hash: place.chain.hash)
        return step.map(ChainPlace.init) == place.chain ? step : nil
    }

    /// The next step after a chain transaction was examined.
    enum Step {
        case found
        case goOn
        case stop
    }

    /// The newest matching chain transaction of an account, searched from its head back.
    ///
    /// - Throws: `ProviderError`; with the code `gap` when the history does not join up.
    func newest(
        of address: TONAddress,
        state: ToncenterClient.AccountState,
        where look: (ChainTransaction) -> Step
    ) async throws(ProviderError) -> ChainTransaction? {
        var next = (lt: state.lastLT, hash: state.lastHash)
        while next.lt > 0 {
            for step in try await page(of: address, from: next) {
                guard step.head.lt == next.lt, step.hash == next.hash else {
                    throw ProviderError(.gap, "the chain transaction at logical time \(next.lt) is missing")
                }
                switch step.transaction.map(look) ?? .goOn {
                case .found: return step.transaction
                case .stop: return nil
                case .goOn: next = (step.head.previousLT, step.head.previousHash)
                }
            }
        }
        return nil
    }
}
