package import Payments
import Seams

/// Gathers on the account that pays out what customers have paid to accounts of single options.
///
/// It moves money between accounts that are all ours, so that doing it twice has no second effect; what the rail charges
/// for it is observed like everything else. What it signs for accounts of options can go to the wallet only, and needs
/// that wallet's permit; what the wallet for fees signs needs its own.
package protocol FundGathering: Sendable {
    /// Takes the next step with some accounts.
    ///
    /// - Throws: ``ProviderError`` when nothing can be done now.
    func gather(
        _ accounts: [HoldingAccount],
        through gate: any SigningGate
    ) async throws(ProviderError) -> GatheringOutcome
}

/// An account of an option that may hold money.
package struct HoldingAccount: Hashable, Sendable {
    /// The account in the rail's canonical form.
    package let account: String
    /// The option that it was opened for, from which its key is derived.
    package let option: PaymentOptionID

    /// An account that may hold money.
    package init(account: String, option: PaymentOptionID) {
        self.account = account
        self.option = option
    }
}

/// How far gathering came.
package struct GatheringOutcome: Hashable, Sendable {
    /// The accounts that hold nothing any more that is worth its fee.
    package var empty: [HoldingAccount]
    /// How many transfers were sent.
    package var sent: Int
    /// What could not be done, for a person.
    package var problems: [String]

    /// How far gathering came.
    package init(empty: [HoldingAccount] = [], sent: Int = 0, problems: [String] = []) {
        self.empty = empty
        self.sent = sent
        self.problems = problems
    }
}
