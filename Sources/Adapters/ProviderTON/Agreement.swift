import Providers
import Seams
import TON

/// Asks a second node about large credits of an account, so that no single node can invent one.
///
/// A chain transaction that no other node confirms waits: the scan goes on without it and asks again with each page, so
/// that one credit, or a witness that does not answer, never holds up the payments after it.
struct Agreement {
    /// The most chain transactions of an account that wait; with more, the scan itself waits.
    private static let mostWaiting = 16

    let witnesses: [ToncenterClient]
    let account: TONAddress
    /// The places that wait, in the order in which the scan has met them.
    private(set) var waiting: [ScanLocator.Place] = []
    private var reason: String?
    /// Whether no witness answers now, so that none is asked again for this page.
    private var isSilent = false

    init(witnesses: [ToncenterClient], account: TONAddress) {
        self.witnesses = witnesses
        self.account = account
    }

    /// Why places wait, and the moment before which the history is complete all the same; nil when none waits.
    var awaited: (reason: String, since: Timestamp)? {
        guard let first = waiting.map(\.time).min() else { return nil }
        let count = waiting.count == 1 ? "a large credit waits" : "\(waiting.count) large credits wait"
        return ("\(count) until a second node confirms it: \(reason ?? "")", Timestamp(seconds: Int64(first) - 1))
    }

    /// Those of the places that waited which a witness confirms now, as the first node shows them.
    mutating func confirmed(among places: [ScanLocator.Place], by client: ToncenterClient) async -> [AccountStep] {
        var steps: [AccountStep] = []
        for place in places {
            if await isConfirmed(place.chain), let step = await shown(place, by: client) {
                steps.append(step)
            } else {
                waiting.append(place)
            }
        }
        return steps
    }

    /// Whether a witness knows a chain transaction; otherwise it waits from now on.
    ///
    /// - Throws: `ProviderError` when too many wait already.
    mutating func isReached(on step: AccountStep) async throws(ProviderError) -> Bool {
        if await isConfirmed(ChainPlace(step)) { return true }
        guard waiting.count < Self.mostWaiting else {
            throw ProviderError(
                .unavailable,
                "\(Self.mostWaiting) large credits wait for a second node already: \(reason ?? "")"
            )
        }
        waiting.append(.init(chain: ChainPlace(step), number: 0, time: step.head.now))
        return false
    }

    /// Asks the witnesses for a chain transaction, whose hash was computed from its bytes.
    private mutating func isConfirmed(_ place: ChainPlace) async -> Bool {
        guard !isSilent else { return false }
        var answers = 0
        for witness in witnesses {
            do throws(ProviderError) {
                let step = try await witness.transaction(of: account, lt: place.lt, hash: place.hash)
                if step.map(ChainPlace.init) == place { return true }
                answers += 1
                reason = "another node does not know the chain transaction \(place.hash)"
            } catch { reason = error.reason }
        }
        isSilent = answers == 0
        return false
    }

    private func shown(_ place: ScanLocator.Place, by client: ToncenterClient) async -> AccountStep? {
        guard let step = try? await client.transaction(of: account, lt: place.lt, hash: place.chain.hash),
            ChainPlace(step) == place.chain
        else { return nil }
        return step
    }
}
