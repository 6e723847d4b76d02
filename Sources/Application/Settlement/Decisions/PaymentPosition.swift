import BigInt
import Ledger
import Money

/// Where the money of one payment is now: what each account owes for it.
struct PaymentPosition {
    /// The amounts owed for the payment to customers and merchants, and the gateway's fee, by account.
    private(set) var owed: [(account: AccountID, amount: Amount)]

    /// The position that the ledger transactions about a payment and its refunds add up to, in the payment's asset.
    init(_ transactions: [LedgerTransaction], asset: AssetID) throws {
        var sums: [AccountID: Amount] = [:]
        for posting in transactions.flatMap(\.postings)
        where posting.amount.asset == asset && posting.account.holdsPayments {
            sums[posting.account] = try (sums[posting.account] ?? .zero(asset)).subtracting(posting.amount)
        }
        owed = sums.filter { $0.value.isPositive }.map { ($0.key, $0.value) }.sorted { $0.account < $1.account }
    }

    /// Takes `amount` from waiting money first, and only then from what the merchant earned; the gateway gives its fee
    /// back in proportion.
    ///
    /// - Returns: what is taken from each account, and what is missing when there is not enough.
    func taking(_ amount: Amount) throws -> (taken: [(account: AccountID, amount: Amount)], missing: Amount) {
        var rest = amount
        var taken: [(account: AccountID, amount: Amount)] = []
        for (account, available) in owed where !account.isEarned {
            let part = try rest.compared(to: available) == .greater ? available : rest
            guard part.isPositive else { continue }
            taken.append((account, part))
            rest = try rest.subtracting(part)
        }
        let earned = owed.filter(\.account.isEarned)
        let total = try Amount.sum(earned.map(\.amount), asset: amount.asset)
        guard rest.isPositive, total.isPositive else { return (taken, rest) }
        let part = try rest.compared(to: total) == .greater ? total : rest
        let weights = earned.map { BigInt($0.amount.units).magnitude }
        for (share, source) in zip(try part.allocated(by: weights), earned) where share.isPositive {
            taken.append((source.account, share))
        }
        return (taken, try rest.subtracting(part))
    }

    /// The part that is not earned: it waits for a decision, or for the rest of its invoice.
    var waiting: [(account: AccountID, amount: Amount)] {
        owed.filter { !$0.account.isEarned }
    }
}

extension AccountID {
    var isEarned: Bool { ["merchant_balance", "fee_income"].contains(code.rawValue) }
    /// Whether a payment's money can be on it: not what the rail owes us, what is on its way, costs or losses.
    var holdsPayments: Bool {
        ![
            "provider_receivable", "refunds_payable", "payouts_payable", "network_fees", "provider_losses",
        ]
        .contains(code.rawValue)
    }
}
