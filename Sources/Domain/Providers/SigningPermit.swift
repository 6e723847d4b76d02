package import Payments

/// The numbers that a wallet's key has used, as its chain shows them.
package enum WalletNumbers: Hashable, Sendable {
    /// The wallet takes numbers in turn (nonce, seqno).
    ///
    /// `next` is the one that it takes next. `pending` is the one after all requests that are pending at the nodes, and
    /// at least `next`.
    case inTurn(next: Int64, pending: Int64)
    /// The wallet takes numbers in any order and forgets old ones.
    ///
    /// `taken` are those that it remembers, each as the remainder by `modulus`; all of them were signed as `since` or a
    /// later number.
    case inAnyOrder(taken: Set<Int64>, modulus: Int64, since: Int64)
    /// The rail numbers nothing and identifies each order by a name: `done` are the names of the orders that it has
    /// carried out since the last scan.
    case named(done: Set<String>)
}

/// A wallet as its chain shows it.
package struct WalletReading: Hashable, Sendable {
    /// The wallet in the rail's canonical form.
    package let wallet: String
    /// The numbers that its key has used.
    package let numbers: WalletNumbers
    /// Whether it pays others; a wallet that only funds the fees of our own accounts does not.
    package let paysOthers: Bool
    /// How long after its signature the wallet can still take a request that the chain does not show yet, in addition
    /// to other requests.
    ///
    /// Zero where numbers are taken in turn: of two requests with the same number, the wallet takes only one.
    package let lifetimeOfRequests: Duration

    /// A wallet as its chain shows it.
    package init(
        wallet: String,
        numbers: WalletNumbers,
        paysOthers: Bool = true,
        lifetimeOfRequests: Duration = .zero
    ) {
        self.wallet = wallet
        self.numbers = numbers
        self.paysOthers = paysOthers
        self.lifetimeOfRequests = lifetimeOfRequests
    }
}

/// A wallet as the database records it.
package struct WalletBooks: Hashable, Sendable {
    /// Every number that was signed is below this one.
    package let signedBelow: Int64
    /// Every number below this one was certainly taken, where the wallet takes numbers in turn.
    package let takenBelow: Int64
    /// The remainders of the known numbers, where the wallet takes numbers in any order.
    package let known: Set<Int64>
    /// The transfers that were signed and whose fate is not decided, where the wallet takes numbers in turn.
    package let underWay: [TransferUnderWay]
    /// The stored orders that wait to be signed, among those that were asked for.
    package let orders: Set<TransferOrder>
    /// The stored requests between own wallets that are under way: those of the wallet, or of options' wallets when the
    /// wallet pays others.
    package let own: [OwnTransfer]
    /// Why nothing may be signed until a person has looked; nil when the wallet may sign.
    package let hold: String?

    /// A wallet as the database records it.
    package init(
        signedBelow: Int64,
        takenBelow: Int64 = 0,
        known: Set<Int64> = [],
        underWay: [TransferUnderWay] = [],
        orders: Set<TransferOrder> = [],
        own: [OwnTransfer] = [],
        hold: String? = nil
    ) {
        self.signedBelow = signedBelow
        self.takenBelow = takenBelow
        self.known = known
        self.underWay = underWay
        self.orders = orders
        self.own = own
        self.hold = hold
    }

    /// The numbers of an account that have a transfer under way.
    fileprivate func numbersUnderWay(of account: String) -> Set<Int64> {
        Set(
            underWay.compactMap(\.prepared.sequence) + own.filter { $0.account == account }.map(\.number)
        )
    }
}

/// The right to sign one request of a wallet.
///
/// Only ``compare(_:with:)`` makes one, so that a wallet that is ahead of its books signs nothing: its database was
/// restored from a copy, or its key is used elsewhere.
package struct SigningPermit: Hashable, Sendable {
    /// The result of the comparison.
    package enum Verdict: Hashable, Sendable {
        /// The books explain every number that the chain has taken.
        case allowed(SigningPermit)
        /// A person has to look first, for this reason.
        case held(String)
        /// The chain has taken a request that is not in the books, so that the wallet has to be held.
        case ahead(String)
        /// The nodes show the chain before a request that, according to the books, it has taken: they lag, or lie.
        case behind(String)
    }

    /// The wallet.
    package let wallet: String
    /// The number that the chain takes next, where the wallet takes them in turn.
    package let next: Int64?
    /// The transfers that are under way besides the one that is signed.
    package let underWay: [TransferUnderWay]
    /// The stored orders that it may be signed for.
    package let orders: Set<TransferOrder>
    /// The stored requests between own wallets that it may be signed for.
    package let intents: Set<SigningIntent>
    private let used: Set<Int64>
    /// The value in the books; a signature is stored only if it is still the same.
    package let signedBelow: Int64
    /// The names of orders that the rail has carried out already, where it identifies orders by name.
    package let done: Set<String>
    /// Whether the rail numbers the wallet's requests.
    package let isNumbered: Bool

    fileprivate init(
        wallet: String,
        next: Int64? = nil,
        books: WalletBooks,
        done: Set<String>? = nil
    ) {
        self.wallet = wallet
        isNumbered = done == nil
        self.next = next
        underWay = books.underWay
        orders = books.orders
        intents = Set(books.own.map(SigningIntent.init))
        used = books.numbersUnderWay(of: wallet)
        signedBelow = books.signedBelow
        self.done = done ?? []
    }

    /// The number to sign with, where the wallet takes them in turn.
    package var number: Int64? { freeNumbers(1).first }

    /// The lowest numbers that no transfer under way has, where the wallet takes them in turn.
    ///
    /// They may be below ``signedBelow``: a number that the chain has not taken and nobody waits for has to be filled,
    /// because the wallet takes none above it before.
    package func freeNumbers(_ count: Int) -> [Int64] {
        guard let next else { return [] }
        var numbers: [Int64] = []
        var number = next
        while numbers.count < count, number < .max {
            if !used.contains(number) { numbers.append(number) }
            number += 1
        }
        return numbers
    }

    /// Compares the numbers that the chain has taken with the books.
    ///
    /// - Parameters:
    ///   - reading: the wallet as its chain shows it, read before the books.
    ///   - books: the wallet as the database records it.
    /// - Returns: the permit, or why there is none.
    package static func compare(_ reading: WalletReading, with books: WalletBooks) -> Verdict {
        if let hold = books.hold { return .held(hold) }
        switch reading.numbers {
        case .inTurn(let next, let pending):
            // A request with a taken number can never be carried out, and its fate would never be known.
            guard next >= books.takenBelow else {
                return .behind(
                    "the nodes are behind: they expect number \(next), but those below \(books.takenBelow) were taken"
                )
            }
            guard next <= books.signedBelow else {
                return .ahead("the chain expects number \(next), but only those below \(books.signedBelow) were signed")
            }
            guard pending <= books.signedBelow else {
                return .ahead(
                    "requests up to number \(pending - 1) wait, but only those below \(books.signedBelow) were signed"
                )
            }
            return .allowed(SigningPermit(wallet: reading.wallet, next: next, books: books))
        case .inAnyOrder(let taken, _, _):
            let foreign = taken.subtracting(books.known)
            guard foreign.isEmpty else {
                return .ahead("the chain has taken \(foreign.count) requests that were not signed here")
            }
            return .allowed(SigningPermit(wallet: reading.wallet, books: books))
        case .named(let done):
            return .allowed(SigningPermit(wallet: reading.wallet, books: books, done: done))
        }
    }
}

/// Gives the right to sign, and records the signed numbers.
package protocol SigningGate: Sendable {
    /// Compares a wallet with the books.
    ///
    /// - Throws: ``ProviderError``; with ``ProviderError/Code/held`` when a person has to look first.
    func permit(_ reading: WalletReading) async throws(ProviderError) -> SigningPermit

    /// The stored requests between own wallets that are under way.
    ///
    /// - Throws: ``ProviderError``.
    func ownTransfers() async throws(ProviderError) -> [OwnTransfer]

    /// Stores requests between own wallets, which are signed only afterwards, and that their numbers are used.
    ///
    /// - Parameters:
    ///   - transfers: the requests.
    ///   - permit: the right to sign of the wallet for fees, or of the one that pays out for options' wallets.
    /// - Throws: ``ProviderError``; with ``ProviderError/Code/held`` when the wallet was held meanwhile.
    /// - Returns: those that were stored: the others' numbers have a request already.
    func store(
        _ transfers: [OwnTransfer],
        under permit: SigningPermit
    ) async throws(ProviderError) -> [OwnTransfer]

    /// Stores signed requests, which are sent only afterwards.
    ///
    /// - Throws: ``ProviderError``.
    func keep(_ signed: [OwnTransfer]) async throws(ProviderError)

    /// Forgets requests whose numbers are taken, or that others may replace.
    ///
    /// - Throws: ``ProviderError``.
    func forget(_ transfers: [OwnTransfer]) async throws(ProviderError)
}
