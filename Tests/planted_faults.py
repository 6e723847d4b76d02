"""Forty small faults in code that moves money. `scripts/planted-faults` plants them one by one and reports which ones
the fast Swift tests notice; at least 38 must be noticed.

Each fault has a name, a file, a text that occurs in it once, the replacement, and the nearest tests.
"""

SETTLEMENT = "Sources/Application/Settlement/"
STORAGE = "Sources/Adapters/Storage/"
PAYMENTS = "Sources/Domain/Payments/"
LEDGER = "Sources/Domain/Ledger/"
EVM = "Sources/Adapters/ProviderEVM/"
TON = "Sources/Adapters/ProviderTON/"
MONEY = r"SettlementTests\.(BookkeepingTests|SettlementTests|UndoneTests|RulesLawTests|DecisionTableTests|MoneyLawTests)/"
STATES = "PaymentsTests|LedgerTests"
JOURNAL = "PeriodAuditTests|PeriodBalanceTests|BooksDocumentTests|AuditTests"

FAULTS = [
    # Accounts, signs and amounts.
    (
        "the fee is income of the wrong account",
        SETTLEMENT + "Bookkeeping.swift",
        "Posting(account: .feeIncome,",
        "Posting(account: .ownFunds,",
        MONEY,
    ),
    (
        "an excess goes to underpayments",
        SETTLEMENT + "Bookkeeping.swift",
        "Posting(account: .overpayments(merchant),",
        "Posting(account: .underpayments(merchant),",
        MONEY,
    ),
    (
        "the fee is rounded up",
        SETTLEMENT + "Bookkeeping.swift",
        "portion(basisPoints: feeBasisPoints, rounding: .towardZero)",
        "portion(basisPoints: feeBasisPoints, rounding: .awayFromZero)",
        MONEY,
    ),
    (
        "the fee is taken of the excess too",
        SETTLEMENT + "Bookkeeping.swift",
        "let fee = try earned.portion",
        "let fee = try amount.portion",
        MONEY,
    ),
    (
        "own funds are booked as fees",
        SETTLEMENT + "Bookkeeping.swift",
        "case .ownFunds: .ownFunds\n",
        "case .ownFunds: .networkFees\n",
        MONEY,
    ),
    (
        "a network fee is forgotten when a transfer is sent",
        SETTLEMENT + "Bookkeeping.swift",
        "if let fee, !fee.isZero { postings",
        "if let fee, fee.isZero { postings",
        MONEY,
    ),
    (
        "a fee has the wrong sign",
        SETTLEMENT + "Bookkeeping.swift",
        "Posting(account: .networkFees, amount: fee),\n            Posting(account: "
        ".providerReceivable(provider), amount: try fee.negated()),",
        "Posting(account: .networkFees, amount: try fee.negated()),\n            Posting(account: "
        ".providerReceivable(provider), amount: fee),",
        MONEY,
    ),
    (
        "a refund waits on the account of payouts",
        SETTLEMENT + "Decisions/Draft+Reservations.swift",
        "case .refund: .refundsPayable(merchant)",
        "case .refund: .payoutsPayable(merchant)",
        MONEY,
    ),
    (
        "a late payment waits with the repeated ones",
        SETTLEMENT + "Receiving/PaymentRules.swift",
        "onto: .latePayments(merchant)",
        "onto: .repeatedPayments(merchant)",
        MONEY,
    ),
    # Releases, reservations and reversals.
    (
        "a failed transfer keeps its reservation",
        SETTLEMENT + "Decisions/Draft+Reservations.swift",
        "        try unreserve(transfer, as: .transferReleased)\n",
        "",
        MONEY,
    ),
    (
        "the fee of a failed transfer is not booked",
        SETTLEMENT + "Decisions/Draft+Reservations.swift",
        "            try post(.networkFee, of: .transfer(transfer), at: now, charged)\n",
        "            _ = charged\n",
        MONEY,
    ),
    (
        "a refund that moves is reserved twice",
        SETTLEMENT + "Decisions/Draft+Reservations.swift",
        "for refund in live { try unreserve(refund, as: .refundMoved) }",
        "for refund in live.dropFirst() { try unreserve(refund, as: .refundMoved) }",
        MONEY,
    ),
    (
        "what is missing is no loss",
        SETTLEMENT + "Decisions/Draft+Reservations.swift",
        "missing.isPositive ? taken + [(.providerLosses, missing)] : taken",
        "missing.isPositive ? taken + [(.ownFunds, missing)] : taken",
        MONEY,
    ),
    (
        "a payout that failed holds money",
        SETTLEMENT + "Decisions/Draft+Reservations.swift",
        "        case .failed, .cancelled: false\n",
        "        case .failed: true\n        case .cancelled: false\n",
        MONEY,
    ),
    (
        "a reversal does not change the sign",
        LEDGER + "LedgerTransaction.swift",
        "amount: try posting.amount.negated()))",
        "amount: try posting.amount.negated().negated()))",
        STATES,
    ),
    (
        "what was reversed still stands",
        LEDGER + "LedgerTransaction.swift",
        "filter { $0.reverses == nil && !reversed.contains($0.id) }",
        "filter { $0.reverses == nil || reversed.contains($0.id) }",
        STATES,
    ),
    (
        "unbalanced postings are taken",
        LEDGER + "LedgerTransaction.swift",
        "first(where: { !$0.sum.isZero })",
        "first(where: { _ in false })",
        STATES,
    ),
    # States.
    (
        "a part settles an invoice",
        PAYMENTS + "InvoiceStateMachine.swift",
        "            isCovered = try !total.subtracting(threshold).isNegative\n        } catch { "
        "throw .amount(error) }\n        received = total",
        "            isCovered = try !total.subtracting(value).isNegative\n        } catch { throw .amount(error) }\n        received = total",
        STATES,
    ),
    (
        "an excess is none",
        PAYMENTS + "InvoiceStateMachine.swift",
        "return .settle(excess: excess.isPositive ? excess : .zero(price.asset))",
        "return .settle(excess: .zero(price.asset))",
        STATES,
    ),
    (
        "what is taken back is added",
        PAYMENTS + "InvoiceStateMachine.swift",
        "            rest = try received.subtracting(value)\n",
        "            rest = try received.adding(value)\n",
        STATES,
    ),
    (
        "a second payment of a settled invoice is late",
        PAYMENTS + "InvoiceStateMachine.swift",
        "            return .openRepeated\n",
        "            return .openLate\n",
        STATES,
    ),
    (
        "what is paid after the end settles",
        SETTLEMENT + "Receiving/PaymentRules.swift",
        "arrival.madeAt <= invoice.expiresAt.advanced(by: graceAfterExpiry) && ",
        "arrival.madeAt >= invoice.expiresAt.advanced(by: .seconds(-1_000_000)) && ",
        MONEY,
    ),
    (
        "an invoice ends a second early",
        SETTLEMENT + "ExpireInvoices.swift",
        "where now > invoice.expiresAt.advanced(by: longestGrace) {",
        "where now > invoice.expiresAt.advanced(by: longestGrace - .seconds(1)) {",
        MONEY,
    ),
    (
        "an underpaid invoice opens no case",
        SETTLEMENT + "ExpiryRules.swift",
        "if action == .openUnderpaid {\n",
        "if action == .announceExpired {\n",
        MONEY,
    ),
    (
        "a transfer of which nothing is known counts as failed",
        PAYMENTS + "PayoutStateMachine.swift",
        "case (.inProgress, .outcomeUnknown): (.unknown, .watch)",
        "case (.inProgress, .outcomeUnknown): (.failed, .releaseFunds)",
        STATES,
    ),
    # Doubled and dropped.
    (
        "a payment that was taken back stays booked",
        SETTLEMENT + "Receiving/UndoRules.swift",
        "            try draft.reverse(payment.id, as: .paymentOrphaned, at: moment)\n",
        "",
        MONEY,
    ),
    (
        "a payment that was taken back still counts",
        SETTLEMENT + "Receiving/UndoRules.swift",
        "{ try takeBack(value, from: invoice, in: &draft) }\n",
        "{ _ = (value, invoice) }\n",
        MONEY,
    ),
    (
        "the event of a payment is dropped",
        SETTLEMENT + "Receiving/PaymentRules.swift",
        "        draft.tell(.payment(payment))\n        for orphan",
        "        for orphan",
        MONEY,
    ),
    (
        "a part that waited is not earned",
        SETTLEMENT + "Receiving/PaymentRules.swift",
        "        for part in match.parts {\n",
        "        for part in match.parts.dropLast() {\n",
        MONEY,
    ),
    (
        "an overpayment opens no case",
        SETTLEMENT + "Receiving/PaymentRules.swift",
        "        if !surplus.isZero {\n",
        "        if surplus.isNegative {\n",
        MONEY,
    ),
    (
        "a balance is added twice",
        STORAGE + "LedgerWriter.swift",
        "balance.change = try balance.change?.adding(amount) ?? amount",
        "balance.change = try balance.change?.adding(amount).adding(amount) ?? amount",
        JOURNAL,
    ),
    (
        "a month does not carry the balance over",
        STORAGE + "LedgerWriter.swift",
        "if let ended = last.period, ended != period { try session.writeBalances() }",
        "if let ended = last.period, ended != period { session.group.balances = [:] }",
        JOURNAL,
    ),
    (
        "the seal leaves out what came before",
        STORAGE + "LedgerWriter.swift",
        "seal: last.seal.following(with: transaction)",
        "seal: JournalSeal.start.following(with: transaction)",
        JOURNAL,
    ),
    # Rails.
    (
        "a message that bounced is a deposit on TON",
        TON + "TransferReading.swift",
        "if message.bounced {\n            // Returned money is never a deposit",
        "if message.bounced && message.value == 0 {\n            // Returned money is never a deposit",
        "ProviderTONTests",
    ),
    (
        "an aborted credit of jettons counts",
        TON + "TransferReading.swift",
        "guard !transaction.description.aborted, transaction.description.didExecute else {",
        "guard transaction.description.didExecute || !transaction.description.aborted else {",
        "ProviderTONTests",
    ),
    (
        "a moved number is a payout on TON",
        TON + "TONProvider+Fate.swift",
        "                return .dead(\n                    reason: \"the wallet did not send it "
        "(action phase)\",\n",
        "                return .confirmed(\n                    evidence: \"\",\n",
        "ProviderTONTests",
    ),
    (
        "tokens that an account sends to itself arrive",
        EVM + "ChangeInBlock.swift",
        "transfer.amount > 0,\n            transfer.from != transfer.to, case",
        "transfer.amount > 0, case",
        "ProviderEVMTests",
    ),
    (
        "the value of a failed chain transaction arrives",
        EVM + "ChangeInBlock.swift",
        "let value = receipt.receipt.isSuccess && transaction.to != sender",
        "let value = transaction.to != sender",
        "ProviderEVMTests",
    ),
    (
        "a token keeps nothing of what arrives",
        EVM + "BalanceChange.swift",
        "guard keepsParts, rest < 0 else",
        "guard keepsParts, rest > 0 else",
        "ProviderEVMTests",
    ),
    (
        "tokens to an own address are taken from anybody's log",
        EVM + "ChangeInBlock.swift",
        "guard tokens.contains(log.address), let transfer",
        "guard let transfer",
        "ProviderEVMTests",
    ),
]
