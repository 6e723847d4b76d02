package import Payments
import Seams

/// Gathers the payments on accounts of single options into the account that pays out.
///
/// All accounts are ours, so that gathering twice has no second effect. The rail's fees are observed like everything
/// else. A transfer signed for an option's account can only go to the wallet, and needs that wallet's permit. A
/// transfer of the wallet for fees needs a permit of its own.
package protocol FundGathering: Sendable {
    /// Takes the next step for some accounts.
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
    /// The problems, for a person.
    package var problems: [String]

    /// How far gathering came.
    package init(empty: [HoldingAccount] = [], sent: Int = 0, problems: [String] = []) {
        self.empty = empty
        self.sent = sent
        self.problems = problems
    }
}
