/// A plain model of the rules: no postings and no reversals, only the account of each payment and the sources of each
/// refund.
///
/// It shares no code with the ledger. Amounts are units of which a fee of one percent is a whole number.
struct MoneyModel {
    enum Asset: String, CaseIterable {
        case coin = "ton:testnet:native"
        case stars = "telegram:XTR"
    }
    enum InvoiceState { case new, processing, settled, expired }
    enum TransferState { case asked, waiting, underway, sent, failed, cancelled }

    struct Invoice {
        let price: Int
        /// The last second in which it can be paid.
        let end: Int
        var state = InvoiceState.new
        var received = 0
    }

    struct Payment {
        let amount: Int
        let asset: Asset
        /// The time at which the rail first had it.
        let madeAt: Int
        var invoice: Int?
        var stands = true
        /// Whether it is a part of what its invoice has received.
        var counts = false
        /// The account of the part that is not earned.
        var account = ""
        var waits = 0
        var earned = 0
        /// Whether it was taken back and its case is open.
        var isMissed = false

        var isNobodys: Bool { invoice == nil }
    }

    /// Money on its way out: a refund of a payment, or a payout.
    struct Transfer {
        let payment: Int?
        let amount: Int
        var state = TransferState.waiting
        var fromWaiting = 0
        var fromEarned = 0
        var fromLosses = 0
        /// The network's fee; zero for a return that the rail made itself.
        var fee = MoneyModel.networkFee
        /// Whether it was made outside the gateway.
        var isAdopted = false

        var holds: Bool { state != .failed && state != .cancelled }
    }

    static let networkFee = 100
    var invoices: [Invoice] = []
    var payments: [Payment] = []
    var transfers: [Transfer] = []

    func refunds(of payment: Int) -> [Int] { transfers.indices.filter { transfers[$0].payment == payment } }
    func live(of payment: Int) -> [Int] { refunds(of: payment).filter { transfers[$0].holds } }
    func waitingNow(_ payment: Int) -> Int {
        live(of: payment).reduce(payments[payment].waits) { $0 - transfers[$1].fromWaiting }
    }
    func earnedNow(_ payment: Int) -> Int {
        live(of: payment).reduce(payments[payment].earned) { $0 - transfers[$1].fromEarned }
    }

    // MARK: - Events of the rail

    mutating func arrive(_ payment: Payment) {
        payments.append(payment)
        place(payments.count - 1)
    }

    /// Counts a payment that arrives, for the first time or again.
    mutating func place(_ index: Int) {
        var payment = payments[index]
        (payment.stands, payment.isMissed, payment.counts) = (true, false, false)
        (payment.waits, payment.earned) = (payment.amount, 0)
        payments[index] = payment
        guard let number = payment.invoice else { return settleAccount(index, "suspense") }
        guard payment.asset == .coin else { return settleAccount(index, "wrong_asset") }
        let invoice = invoices[number]
        if invoice.state == .settled { return settleAccount(index, "repeated_payments") }
        // An invoice that ended before its payment was seen is settled by a payment that covers it.
        let isBelated = invoice.state == .expired && invoice.received == 0 && payment.amount >= invoice.price
        if payment.madeAt > invoice.end || (invoice.state == .expired && !isBelated) {
            return settleAccount(index, "late_payments")
        }
        payments[index].counts = true
        invoices[number].received += payment.amount
        guard invoices[number].received >= invoice.price else {
            invoices[number].state = .processing
            return settleAccount(index, "customer_clearing")
        }
        invoices[number].state = .settled
        let surplus = invoices[number].received - invoice.price
        payments[index].account = "overpayments"
        (payments[index].waits, payments[index].earned) = (surplus, payment.amount - surplus)
        takeAgain(index)
        for other in payments.indices
        where other != index && payments[other].invoice == number && payments[other].counts && payments[other].stands {
            (payments[other].waits, payments[other].earned) = (0, payments[other].amount)
            takeAgain(other)
        }
        // A refund of a payment that is not back is a loss, which its case explains.
        for missed in payments.indices where payments[missed].invoice == number && live(of: missed).isEmpty {
            payments[missed].isMissed = false
        }
    }

    private mutating func settleAccount(_ index: Int, _ account: String) {
        payments[index].account = account
        takeAgain(index)
    }

    mutating func vanish(_ index: Int) {
        for refund in refunds(of: index) where transfers[refund].state == .waiting {
            transfers[refund].state = .cancelled
        }
        (payments[index].stands, payments[index].isMissed) = (false, true)
        (payments[index].waits, payments[index].earned) = (0, 0)
        takeAgain(index)
        guard payments[index].counts, let number = payments[index].invoice else { return }
        let invoice = invoices[number]
        invoices[number].received -= payments[index].amount
        guard invoice.state == .processing || invoice.state == .settled else { return }
        if invoice.state == .settled, invoices[number].received >= invoice.price { return }
        invoices[number].state = invoices[number].received == 0 ? .new : .processing
        guard invoice.state == .settled else { return }
        for other in payments.indices
        where payments[other].invoice == number && payments[other].counts && payments[other].stands {
            payments[other].account = "customer_clearing"
            (payments[other].waits, payments[other].earned) = (payments[other].amount, 0)
            takeAgain(other)
        }
        // Who has paid twice, and loses one of the payments, has paid.
        for other in payments.indices
        where payments[other].invoice == number && payments[other].account == "repeated_payments" {
            guard invoices[number].state != .settled else { return }
            guard payments[other].stands, payments[other].madeAt <= invoice.end, live(of: other).isEmpty else {
                continue
            }
            place(other)
        }
    }

    mutating func expire(at moment: Int) {
        for number in invoices.indices where invoices[number].end < moment {
            guard invoices[number].state == .new || invoices[number].state == .processing else { continue }
            invoices[number].state = .expired
            for index in payments.indices
            where payments[index].invoice == number && payments[index].stands
                && payments[index].account == "customer_clearing" && payments[index].waits > 0
            {
                payments[index].account = "underpayments"
                takeAgain(index)
            }
        }
    }

    // MARK: - Money on its way out

    /// Takes the amounts of a payment's refunds anew, the oldest first.
    private mutating func takeAgain(_ payment: Int) {
        let live = live(of: payment)
        for index in live {
            (transfers[index].fromWaiting, transfers[index].fromEarned, transfers[index].fromLosses) = (0, 0, 0)
        }
        for index in live { take(index) }
    }

    /// Takes a refund from the waiting part first, then from the earned part; the rest is a loss.
    private mutating func take(_ index: Int) {
        guard let payment = transfers[index].payment else { return }
        let amount = transfers[index].amount
        let waiting = min(waitingNow(payment), amount)
        let earned = min(earnedNow(payment), amount - waiting)
        transfers[index].fromWaiting = waiting
        transfers[index].fromEarned = earned
        transfers[index].fromLosses = amount - waiting - earned
    }

    func canRefund(_ amount: Int, of index: Int) -> Bool {
        let payment = payments[index]
        let returned = live(of: index).reduce(0) { $0 + transfers[$1].amount }
        guard payment.stands, amount > 0, returned + amount <= payment.amount else { return false }
        if payment.account == "customer_clearing", payment.waits > 0 { return false }
        let earned = max(0, amount - waitingNow(index))
        guard earned > 0 else { return true }
        return earned <= earnedNow(index) && earned / 100 * 99 <= balance("merchant_balance", payment.asset)
    }

    func canPayOut(_ amount: Int) -> Bool { amount <= balance("merchant_balance", .coin) }

    mutating func send(_ transfer: Transfer) {
        transfers.append(transfer)
        take(transfers.count - 1)
    }

    /// The end of a transfer is taken back: the same transfer is under way again.
    mutating func reopen(_ index: Int) {
        let hadFailed = transfers[index].state == .failed
        if hadFailed {
            (transfers[index].fromWaiting, transfers[index].fromEarned, transfers[index].fromLosses) = (0, 0, 0)
            take(index)
        }
        transfers[index].state = .underway
        transfers[index].fee = Self.networkFee
    }

    /// Whether the rail can have returned the whole payment: it returns nothing twice.
    func canReturn(_ index: Int) -> Bool {
        payments[index].stands && live(of: index).allSatisfy { transfers[$0].amount == payments[index].amount }
    }

    /// The rail reports that it has returned a payment: by our refund under way, or by another one.
    mutating func railReturns(_ index: Int) {
        let live = live(of: index)
        if live.contains(where: { transfers[$0].state == .sent }) { return }
        if let ours = live.first(where: { transfers[$0].state == .underway }) {
            (transfers[ours].state, transfers[ours].fee) = (.sent, 0)
            return
        }
        for waiting in live { transfers[waiting].state = .cancelled }
        var transfer = Transfer(payment: index, amount: payments[index].amount, state: .sent)
        (transfer.fee, transfer.isAdopted) = (0, true)
        send(transfer)
    }

    // MARK: - Decisions

    /// Whether accepting a payment settles its invoice, by the wish or else by the default.
    private func settles(_ index: Int, _ wish: Bool?) -> Bool {
        wish ?? ["late_payments", "underpayments"].contains(payments[index].account)
    }

    func canAccept(_ index: Int, settling wish: Bool?) -> Bool {
        guard let number = payments[index].invoice, reason(of: index) != nil else { return false }
        return !settles(index, wish) || invoices[number].state != .processing
    }

    mutating func accept(_ index: Int, settling wish: Bool?) {
        let settles = settles(index, wish)
        credit(index)
        guard settles, let number = payments[index].invoice else { return }
        for other in payments.indices
        where payments[other].invoice == number && payments[other].account == "underpayments" {
            credit(other)
        }
        if invoices[number].state != .settled { invoices[number].state = .settled }
    }

    private mutating func credit(_ index: Int) {
        let amount = waitingNow(index)
        payments[index].waits -= amount
        payments[index].earned += amount
    }

    func canAssign(_ index: Int) -> Bool {
        payments[index].isNobodys && reason(of: index) != nil && payments[index].asset == .coin
            && waitingNow(index) == payments[index].amount
    }

    /// Whether its proven payer can claim it.
    func canClaim(_ index: Int) -> Bool {
        payments[index].isNobodys && payments[index].stands && refunds(of: index).isEmpty
    }

    mutating func assign(_ index: Int, to invoice: Int) {
        payments[index].invoice = invoice
        place(index)
    }

    /// The reason of the case about the waiting part of a payment; nil when nothing waits.
    func reason(of index: Int) -> String? {
        guard waitingNow(index) > 0 else { return nil }
        return [
            "late_payments": "late", "repeated_payments": "repeated", "suspense": "unmatched",
            "wrong_asset": "wrong_asset", "overpayments": "overpaid", "underpayments": "underpaid",
        ][payments[index].account]
    }

    // MARK: - Balances

    /// The balances from one payment with its refunds, or from the payouts; amounts owed are negative.
    func accounts(of payment: Int?) -> [String: Int] {
        var sums: [String: Int] = [:]
        let asset = payment.map { payments[$0].asset } ?? .coin
        func add(_ account: String, _ amount: Int) {
            if amount != 0 { sums["\(account) \(asset.rawValue)", default: 0] += amount }
        }
        func earn(_ amount: Int) {
            add("merchant_balance", -(amount / 100 * 99))
            add("fee_income", -(amount / 100))
        }
        if let payment, payments[payment].stands {
            add("provider_receivable", payments[payment].amount)
            add(payments[payment].account, -payments[payment].waits)
            earn(payments[payment].earned)
        }
        for transfer in transfers where transfer.payment == payment {
            let payable = payment == nil ? "payouts_payable" : "refunds_payable"
            if transfer.holds {
                if let payment {
                    add(payments[payment].account, transfer.fromWaiting)
                    earn(-transfer.fromEarned)
                    add("provider_losses", transfer.fromLosses)
                } else {
                    add("merchant_balance", transfer.amount)
                }
                if transfer.state != .sent { add(payable, -transfer.amount) }
            }
            if transfer.state == .sent { add("provider_receivable", -transfer.amount) }
            if transfer.state == .sent || transfer.state == .failed {
                add("network_fees", transfer.fee)
                add("provider_receivable", -transfer.fee)
            }
        }
        return sums.filter { $0.value != 0 }
    }

    /// All balances.
    var accounts: [String: Int] {
        let all = payments.indices.map { accounts(of: $0) } + [accounts(of: nil)]
        return all.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }.filter { $0.value != 0 }
    }

    private func balance(_ account: String, _ asset: Asset) -> Int { -(accounts["\(account) \(asset.rawValue)"] ?? 0) }
}
