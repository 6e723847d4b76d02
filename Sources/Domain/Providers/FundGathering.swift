package import Money
package import Payments

/// Gathers the payments on accounts of single options into the account that pays out.
///
/// Each step is a request of one of our wallets that is stored before it is signed. All accounts are ours, so that a step
/// that is replaced by another with the same number does no harm: the rail takes one of the two, and the next round
/// starts from what it took. The rail's fees are observed like everything else.
package protocol FundGathering: TransferSending {
    /// What has become of stored steps, in their order.
    ///
    /// - Throws: ``ProviderError`` when the rail cannot be asked now.
    func fates(of transfers: [OwnTransfer]) async throws(ProviderError) -> [OwnTransferFate]

    /// Composes the next step for accounts of which none is under way. Nothing is signed.
    ///
    /// - Throws: ``ProviderError`` when nothing can be done now.
    func plan(_ accounts: [HoldingAccount]) async throws(ProviderError) -> GatheringPlan

    /// Composes what gives accounts coins for fees, as far as the wallet for fees has numbers and coins.
    ///
    /// - Throws: ``ProviderError``.
    func topUps(
        _ needs: [CoinNeed],
        under permit: SigningPermit
    ) async throws(ProviderError)
        -> [OwnTransfer]

    /// Signs a stored step. Nothing leaves the process.
    ///
    /// - Throws: ``ProviderError``.
    func prepare(
        _ transfer: OwnTransfer,
        under permit: SigningPermit
    ) async throws(ProviderError)
        -> PreparedTransfer

    /// Sends a signed and stored step; sending it again has no second effect.
    ///
    /// - Throws: ``ProviderError`` when the rail may not have it.
    func broadcast(_ transfer: OwnTransfer) async throws(ProviderError)
}

/// What has become of a step of gathering.
package enum OwnTransferFate: Hashable, Sendable {
    /// The rail may still take it: the same bytes are sent again.
    case waiting
    /// The rail has taken its number, for good.
    case done
    /// It has waited too long, or its end has passed: another step may take its number.
    case replaceable
}

/// An account of an option that may hold money.
package struct HoldingAccount: Hashable, Sendable {
    /// A reference, so that no 128 bits are passed in registers to asynchronous functions.
    private indirect enum Reference: Hashable, Sendable {
        case to(PaymentOptionID)
    }

    /// The account in the rail's canonical form.
    package let account: String
    private let reference: Reference

    /// An account of an option.
    package init(account: String, option: PaymentOptionID) {
        self.account = account
        reference = .to(option)
    }

    /// The option that it was opened for, from which its key is derived.
    package var option: PaymentOptionID {
        switch reference {
        case .to(let option): option
        }
    }
}

/// An account that needs coins for the fee of its next step.
package struct CoinNeed: Hashable, Sendable {
    /// The account's option.
    package let option: PaymentOptionID
    /// How many of the coin's smallest units it needs.
    package let units: Int256

    /// An account that needs coins.
    package init(option: PaymentOptionID, units: Int256) {
        self.option = option
        self.units = units
    }
}

/// The next steps for some accounts.
package struct GatheringPlan: Hashable, Sendable {
    /// The accounts that hold nothing any more that is worth its fee.
    package var empty: [HoldingAccount] = []
    /// What empties the others.
    package var transfers: [OwnTransfer] = []
    /// The accounts that need coins before.
    package var needs: [CoinNeed] = []
    /// The problems, for a person.
    package var problems: [String] = []

    /// Nothing to do.
    package init() {}
}

/// How far gathering came.
package struct GatheringOutcome: Hashable, Sendable {
    /// The accounts that hold nothing any more that is worth its fee.
    package var empty: [HoldingAccount]
    /// How many requests were signed.
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
