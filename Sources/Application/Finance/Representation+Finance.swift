package import Ledger
package import Money
import Payments
import Seams
package import Settlement
package import Storage
package import StrictJSON

/// The JSON of reports, in the forms of the other objects.
extension Representation {
    /// A change of a merchant's balance.
    ///
    /// - Throws: `MoneyError` when an asset is not in the list.
    /// - Returns: the object.
    package func json(_ movement: BalanceTransaction) throws -> JSONValue {
        let (entry, booked) = (movement.entry, movement.entry.transaction)
        return [
            "id": .string(booked.id.text),
            "object": "balance_transaction",
            "livemode": .bool(isLive),
            "merchant": .string(movement.merchant.text),
            "type": .string(movement.kind.rawValue),
            "ledger_kind": .string(booked.kind.rawValue),
            "asset": .string(movement.net.asset.text),
            "gross": try text(movement.gross),
            "fee": try text(movement.fee),
            "net": try text(movement.net),
            "fee_details": try details(ofFee: movement.fee),
            "rail": .optional(booked.origin.rail),
            "provider": .optional(booked.origin.provider),
            "source": .string(booked.subject.key),
            "invoice": .optional(entry.source.invoice?.text),
            "payment": .optional(entry.source.payment?.text),
            "evidence": .optional(entry.source.evidence ?? entry.source.hash),
            "reverses": .optional(booked.reverses?.text),
            "occurred_at": .string(booked.occurredAt.description),
            "posted_at": .string(booked.postedAt.description),
            "available_on": .string(movement.availableOn.description),
            "period": .string(entry.period.description),
            "sequence": .integer(entry.sequence),
        ]
    }

    /// A balance at a moment in the past.
    ///
    /// - Throws: `MoneyError` when the asset is not in the list; `SettlementError` when the sum does not fit an amount.
    /// - Returns: the object.
    package func json(balance: AmountSum) throws -> JSONValue {
        ["object": "balance", "asset": .string(balance.asset.text), "amount": try text(balance), "available": .null]
    }

    /// An account in a book, and what it held at a moment: debits less credits.
    ///
    /// - Throws: `MoneyError` when the asset is not in the list; `SettlementError` when the sum does not fit an amount.
    /// - Returns: the object.
    package func json(_ held: HeldAccount, of chart: ChartOfAccounts) throws -> JSONValue {
        let known = chart.account(held.account.code)
        return [
            "object": "account", "account": .string(held.account.text), "title": .optional(known?.title),
            "kind": .optional(known?.kind.rawValue), "book": .integer(held.book.number),
            "asset": .string(held.held.asset.text), "balance": try text(held.held),
        ]
    }

    /// An entry of an account: a ledger transaction, how much it moved on the account, and all its postings.
    ///
    /// - Throws: `MoneyError` when an asset is not in the list.
    /// - Returns: the object.
    package func json(_ entry: AccountEntry, of account: AccountID) throws -> JSONValue {
        let booked = entry.transaction
        let postings = try booked.postings.map { posting -> JSONValue in
            [
                "account": .string(posting.account.text), "asset": .string(posting.amount.asset.text),
                "amount": try text(posting.amount),
            ]
        }
        return [
            "id": .string(booked.id.text),
            "object": "account_entry",
            "account": .string(account.text),
            "book": .integer(entry.book.number),
            "sequence": .integer(entry.sequence),
            "period": .string(entry.period.description),
            "kind": .string(booked.kind.rawValue),
            "merchant": .optional(booked.origin.merchant),
            "rail": .optional(booked.origin.rail),
            "provider": .optional(booked.origin.provider),
            "source": .string(booked.subject.key),
            "evidence": .optional(entry.source.evidence ?? entry.source.hash),
            "reverses": .optional(booked.reverses?.text),
            "occurred_at": .string(booked.occurredAt.description),
            "posted_at": .string(booked.postedAt.description),
            "postings": .array(postings),
        ]
    }

    private func text(_ sum: AmountSum) throws -> JSONValue {
        guard let amount = sum.amount else {
            throw SettlementError(.invalidState, "a sum of \(sum.asset) does not fit an amount")
        }
        return try text(amount)
    }
}
