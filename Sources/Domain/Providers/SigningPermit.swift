/// What a wallet's chain says about the numbers that its key has used.
package enum WalletNumbers: Hashable, Sendable {
    /// The wallet takes numbers in turn (nonce, seqno): `next` is the one that it takes next, and `pending` the one after
    /// everything that nodes know to wait, at least `next`.
    case inTurn(next: Int64, pending: Int64)
    /// The wallet takes numbers in any order and forgets old ones: `taken` are those that it remembers, each the remainder
    /// by `modulus` of a number that was signed as `since` or later.
    case inAnyOrder(taken: Set<Int64>, modulus: Int64, since: Int64)
    /// The rail numbers nothing: it knows each order by a name, and these are the names of those that it has carried out
    /// since it was last scanned.
    case named(done: Set<String>)
}

/// A wallet as its chain shows it.
package struct WalletReading: Hashable, Sendable {
    /// The wallet in the rail's canonical form.
    package let wallet: String
    /// The numbers that its key has used.
    package let numbers: WalletNumbers
    /// Whether it pays others; a wallet that only gives our own accounts coins for fees does not.
    package let paysOthers: Bool
    /// How long after it was signed the wallet can take a request of which the chain shows nothing yet, beside whatever else
    /// is signed.
    ///
    /// Zero where numbers are taken in turn: of two requests with one number the wallet takes one.
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

/// A wallet as the database knows it.
package struct WalletBooks: Hashable, Sendable {
    /// Every number that was signed is below this one.
    package let signedBelow: Int64
    /// Numbers below this one were taken for certain, where the wallet takes them in turn.
    package let takenBelow: Int64
    /// Where the wallet takes numbers in any order: the remainders of those that are known.
    package let known: Set<Int64>
    /// Why nothing may be signed until a person has looked; nil when the wallet may sign.
    package let hold: String?

    /// A wallet as the database knows it.
    package init(signedBelow: Int64, takenBelow: Int64 = 0, known: Set<Int64> = [], hold: String? = nil) {
        self.signedBelow = signedBelow
        self.takenBelow = takenBelow
        self.known = known
        self.hold = hold
    }
}

/// The right to sign one request of a wallet.
///
/// Only ``compare(_:with:)`` makes one, so that nothing is signed by a wallet that is ahead of its books: one whose
/// database was restored from a copy, or whose key is used elsewhere.
package struct SigningPermit: Hashable, Sendable {
    /// What the comparison says.
    package enum Verdict: Hashable, Sendable {
        /// The books explain every number that the chain has taken.
        case allowed(SigningPermit)
        /// A person has to look first, for this reason.
        case held(String)
        /// The chain has taken something that the books do not know, for which the wallet has to be held.
        case ahead(String)
        /// The chain is shown as it was before something that the books know it to have taken: nodes lag, or lie.
        case behind(String)
    }

    /// The wallet.
    package let wallet: String
    /// The number to sign with, where the wallet takes them in turn.
    package let number: Int64?
    /// What the books said; what is signed is stored only if they still say it.
    package let signedBelow: Int64
    /// The names of orders that the rail has carried out already, where it knows them by name.
    package let done: Set<String>
    /// Whether the rail numbers what the wallet signs.
    package let isNumbered: Bool

    fileprivate init(wallet: String, number: Int64?, signedBelow: Int64, done: Set<String>? = nil) {
        self.wallet = wallet
        isNumbered = done == nil
        self.number = number
        self.signedBelow = signedBelow
        self.done = done ?? []
    }

    /// Compares what the chain has taken with what the books know.
    ///
    /// - Parameters:
    ///   - reading: the wallet as its chain shows it, read before the books were.
    ///   - books: the wallet as the database knows it.
    /// - Returns: the permit, or why there is none.
    package static func compare(_ reading: WalletReading, with books: WalletBooks) -> Verdict {
        if let hold = books.hold { return .held(hold) }
        let permit = { (number: Int64?) in
            SigningPermit(wallet: reading.wallet, number: number, signedBelow: books.signedBelow)
        }
        switch reading.numbers {
        case .inTurn(let next, let pending):
            // What is signed with a number that was taken can never be carried out, and nobody would learn of its end.
            guard next >= books.takenBelow else {
                return .behind(
                    "the nodes expect number \(next), and those below \(books.takenBelow) were taken: they are behind"
                )
            }
            guard next <= books.signedBelow else {
                return .ahead("the chain expects number \(next), and only those below \(books.signedBelow) were signed")
            }
            guard pending <= books.signedBelow else {
                return .ahead(
                    "requests up to number \(pending - 1) wait, and only those below \(books.signedBelow) were signed"
                )
            }
            return .allowed(permit(next))
        case .inAnyOrder(let taken, _, _):
            let foreign = taken.subtracting(books.known)
            guard foreign.isEmpty else {
                return .ahead("the chain has taken \(foreign.count) requests that were not signed here")
            }
            return .allowed(permit(nil))
        case .named(let done):
            return .allowed(
                SigningPermit(
                    wallet: reading.wallet,
                    number: nil,
                    signedBelow: books.signedBelow,
                    done: done
                )
            )
        }
    }
}

/// Gives the right to sign, and remembers what was signed.
package protocol SigningGate: Sendable {
    /// Compares a wallet with the books.
    ///
    /// - Throws: ``ProviderError``; with ``ProviderError/Code/held`` when a person has to look first.
    func permit(_ reading: WalletReading) async throws(ProviderError) -> SigningPermit

    /// Stores that a number was signed; nothing that was signed with it is sent before.
    ///
    /// - Throws: ``ProviderError``.
    func store(_ number: Int64, under permit: SigningPermit) async throws(ProviderError)
}
