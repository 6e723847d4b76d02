import Payments
import Providers
import Seams
import TON

/// The way back from a history that a node had invented.
extension TONProvider {
    /// How long an account has to show another history before the one that was read is given up.
    ///
    /// A node that lies or whose index lags has recovered by then; a chain stays as it is.
    static let patience = Duration.seconds(600)

    /// Goes back to the newest place that both histories have.
    ///
    /// - Throws: `ProviderError` with the code `gap` or `lagging` as long as it may be the node that is wrong now: for ten
    ///   minutes, and, where other nodes are configured, until one of them shows the same.
    func goBack(
        to other: OtherHistory,
        of scanned: TONAddress,
        owner: TONAddress
    ) async throws(ProviderError) -> ScanPage {
        let code: ProviderError.Code = other.isBehind ? .lagging : .gap
        let what =
            other.isBehind
            ? "the node is behind what it has shown before"
            : "the node's history does not join up with what was read before"
        guard let common = other.common else {
            throw ProviderError(code, "\(what), and has nothing of that; check which chain the node is of")
        }
        let now = clock.now()
        let begin = contradictions.begin(of: other, at: scanned, now: now)
        let end = begin.advanced(by: Self.patience)
        let place = common.isBeginning ? "the beginning" : "logical time \(common.lt)"
        guard now >= end else {
            throw ProviderError(
                code,
                """
                \(what): since \(begin) it has shown another history. Nothing is to be done: when it stays the same for ten \
                minutes, until \(end), records after \(place) that are not in it are undone, and the scan reads on
                """
            )
        }
        do throws(ProviderError) { try await agree(on: other, of: scanned) } catch {
            throw ProviderError(
                code,
                """
                \(what): since \(begin) it has shown another history, and the scan goes back to \(place) as soon as one of the \
                other nodes shows the same; now \(error.reason)
                """
            )
        }
        // A lone node may hide a transfer that has left for as long as it likes.
        let isAgreed = !witnesses.isEmpty
        requests.forget(alsoTaken: isAgreed)
        var page = ScanPage(
            observations: [],
            position: other.known.cut(to: common).text,
            hasMore: true,
            completeUntil: other.since
        )
        // For a jetton wallet without any history, no moment says which transfers are concerned.
        let concludes = owner == address && (scanned == address || !common.isBeginning)
        let account = ["ton", configuration.network.rawValue, scanned.raw]
        page.revisedAccount = RevisedAccount(
            account: NaturalKey(account),
            since: other.since,
            standing: Set(other.steps.map { NaturalKey(account + ["\($0.head.lt)", "\($0.hash)"]) }),
            doubt: !concludes ? .none : isAgreed ? .all : .failed
        )
        return page
    }

    /// Has one of the other nodes show the same history: the same head, one that comes after it, or one in it that is
    /// newer than what was read.
    private func agree(on other: OtherHistory, of account: TONAddress) async throws(ProviderError) {
        var failure: ProviderError?
        for witness in witnesses {
            do throws(ProviderError) {
                // Its network is checked with it.
                _ = try await witness.head()
                let head = try await witness.account(account).last
                if try await agrees(witness, on: other, of: account, head: head) { return }
                failure = ProviderError(.gap, "another node shows another history")
            } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private func agrees(
        _ witness: ToncenterClient,
        on other: OtherHistory,
        of account: TONAddress,
        head: ChainPlace
    ) async throws(ProviderError) -> Bool {
        if head == other.head { return true }
        guard head.lt > other.head.lt else {
            return head.lt > other.known.newest.lt && other.contains(head)
        }
        var walk = AccountHistory.Walk(from: head)
        try await AccountHistory(client: witness).read(&walk, of: account) { $0.next.lt > other.head.lt }
        // What was read may be newer than the head, and there all the same.
        let newest = other.known.newest.chain
        return walk.next == other.head && !walk.steps.contains { ChainPlace($0) == newest }
    }
}
