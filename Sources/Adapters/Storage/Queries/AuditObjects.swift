import Cryptography
package import Ledger
import Money
package import Payments
import Records
import Seams

/// Compares each object with what is booked about it.
///
/// The seals find a changed journal; this finds a changed object. It reads a page at a time. A row that cannot be read
/// is a finding like any other, and the audit goes on.
extension SQLSession {
    /// Every payment, invoice, transfer and case that differs from its postings, a sentence each with its row.
    ///
    /// - Throws: what the database throws.
    package func auditObjects() throws -> [String] {
        let misjudged = """
            SELECT id FROM cases WHERE (state = \(ExceptionCase.State.open.code)) <> (outcome IS NULL)
            ORDER BY id LIMIT 1000
            """
        // A payment that was handed over is checked where it is now.
        let vanished = """
            SELECT h.id FROM payments h WHERE h.handed_over = 1 AND NOT EXISTS (SELECT 1 FROM payments p
            WHERE \(try within("p")) AND p.id = h.id AND p.handed_over = 0) ORDER BY h.id LIMIT 1000
            """
        return try audit("payments", Self.paymentColumns, from: "payments p", as: "p", of: PaymentKind.self) {
            try wrong($0.payment())
        }
            + all(vanished, []) { "payments \(try $0.id(PaymentKind.self)): it was handed over, and no book has it" }
            + audit("invoices", Self.invoiceColumns, from: "invoices i", as: "i", of: InvoiceKind.self) {
                try wrong($0.invoice())
            }
            + audit("outgoing", Self.outgoingColumns, from: "outgoing t", as: "t", of: nil) { try wrong($0.outgoing()) }
            + audit("cases", Self.caseColumns, from: Self.cases, as: "c", of: CaseKind.self) {
                try wrong($0.exceptionCase())
            }
            + all(misjudged, []) { "cases \(try $0.id(CaseKind.self)): its state is not what its outcome says" }
    }

    private func audit(
        _ table: String,
        _ columns: String,
        from source: String,
        as alias: String,
        of kind: (any IdentifierKind.Type)?,
        _ check: (inout SQLRow) throws -> [String]
    ) throws -> [String] {
        try ledgerBooks().flatMap { book in
            try audit(table, columns, from: source, as: alias, in: book, of: kind, check)
        }
    }

    private func audit(
        _ table: String,
        _ columns: String,
        from source: String,
        as alias: String,
        in book: LedgerBook,
        of kind: (any IdentifierKind.Type)?,
        _ check: (inout SQLRow) throws -> [String]
    ) throws -> [String] {
        var findings: [String] = []
        var last: [UInt8] = []
        let key = "\(alias).id"
        let stands = table == "payments" ? "AND \(alias).handed_over = 0" : ""
        let place = SQLValue.integer(book.number)
        while true {
            let sql = """
                SELECT \(key) FROM \(table) \(alias) WHERE \(alias).book = $1 AND \(key) > $2 \(stands)
                ORDER BY \(key) LIMIT 500
                """
            let ids = try all(sql, [place, .blob(last)]) { try $0.blob() }
            guard let end = ids.last else { return findings }
            let page = """
                SELECT \(columns) FROM \(source) WHERE \(alias).book = $1 AND \(key) > $2 AND \(key) <= $3 \(stands)
                ORDER BY \(key)
                """
            let rows = try query(page, [place, .blob(last), .blob(end)])
            for (bytes, stored) in zip(ids, rows) {
                let id = try kind.flatMap { Self.text(bytes, $0) } ?? transferName(bytes) ?? Hex.encode(bytes)
                do {
                    var row = stored
                    findings += try check(&row).map { "\(table) \(id): \($0)" }
                } catch  where !(error is StorageError) || (error as? StorageError)?.code == .corrupt {
                    findings.append("\(table) \(id): \((error as? StorageError)?.reason ?? "\(error)")")
                }
            }
            last = end
        }
    }

    private static func text(_ bytes: [UInt8], _ kind: any IdentifierKind.Type) -> String? {
        func text<Kind: IdentifierKind>(_ kind: Kind.Type) -> String? { Identifier<Kind>(bytes: bytes)?.text }
        return text(kind)
    }

    /// The text of a transfer's identifier; nil when the row does not say whether it is a refund or a payout.
    private func transferName(_ bytes: [UInt8]) throws -> String? {
        let row = try query("SELECT t.id, t.kind FROM outgoing t WHERE \(within("t")) AND t.id = $1", [.blob(bytes)])
            .first
        return row.flatMap { row in
            var row = row
            return try? row.optionalTransferID()
        }
    }

    // MARK: - Payments

    private func wrong(_ payment: Payment) throws -> [String] {
        let booked = try ledgerTransactions(LedgerSubject(payment.id))
        guard let arrival = booked.last(where: { $0.reverses == nil && $0.arrival != nil }),
            let posting = arrival.arrival
        else { return ["nothing is booked of it"] }
        var findings: [String] = []
        if posting.amount != payment.amount { findings.append("its amount is not what is booked: \(posting.amount)") }
        if posting.account.scope != payment.provider {
            findings.append("its provider is not where its money was booked: \(posting.account)")
        }
        let held = booked.flatMap(\.postings).filter { $0.account == posting.account }.map(\.amount)
        let isThere = try !Amount.sum(held, asset: posting.amount.asset).isZero
        if isThere != (payment.state == .final) {
            findings.append("it is \(payment.state.rawValue), and its money is \(isThere ? "" : "not ")in the books")
        }
        if let wrong = Set(booked.flatMap(\.merchants)).first(where: { $0 != payment.merchant?.text }) {
            findings.append("its merchant is not whose money was booked: \(wrong)")
        }
        // The fee may be the whole amount.
        let hasFee = booked.flatMap(\.postings).contains { $0.account.code.rawValue == "fee_income" }
        if booked.flatMap(\.merchants).isEmpty, payment.merchant != nil, !hasFee {
            findings.append("it names a merchant, and nothing of it was booked for one")
        }
        if let placed = booked.last(where: { $0.reverses == nil && $0.placement != nil })?.placement,
            placed != payment.classification
        {
            findings.append("it is \(payment.classification.rawValue), and booked as \(placed.rawValue)")
        }
        if let target = payment.refundTarget, !Self.isOf(payment.payer, target) {
            findings.append("its money would be returned to '\(target)', and did not come from there")
        }
        return try findings + wrongCases(of: payment)
    }

    /// Whether a refund goes to the payer: the target of Stars is the customer's number with that of the charge behind
    /// it.
    private static func isOf(_ payer: String?, _ target: String) -> Bool {
        payer.map { target == $0 || target.hasPrefix($0 + ":") } ?? false
    }

    /// The amounts of a payment that wait without an open case.
    private func wrongCases(of payment: Payment) throws -> [String] {
        let booked = try ledgerTransactions(payment: payment.id)
        // A refund that a person has found takes from the suspense account what its spend has put there; no money of the
        // payment ever waited in it.
        let sent = Set(booked.filter { $0.subject.kind != .payment && $0.kind.endsTransfer }.map(\.id))
        let postings = booked.filter { entry in
            !sent.contains(entry.id) && !(entry.reverses.map(sent.contains) ?? false)
        }.flatMap(\.postings)
        var waiting: [ExceptionCase.Reason: Amount] = [:]
        for posting in postings {
            guard let reason = ExceptionCase.Reason(waitingOn: posting.account) else { continue }
            let sum = waiting[reason] ?? .zero(posting.amount.asset)
            waiting[reason] = try sum.subtracting(posting.amount)
        }
        let open = try openCases(about: payment.id)
        return waiting.compactMap { reason, amount in
            let isKnown = open.contains { $0.explains(reason) }
            guard !amount.isZero, !isKnown else { return nil }
            return "\(amount) waits as \(reason.rawValue) without an open case"
        }
        .sorted()
    }

    /// The open cases about a payment, without their amounts, which may be wrong.
    private func openCases(about payment: PaymentID) throws -> [ExceptionCase.Reason] {
        try all(
            "SELECT reason FROM cases WHERE \(within()) AND payment = $1 AND state = \(ExceptionCase.State.open.code)",
            [.id(payment)]
        ) {
            try $0.code()
        }
    }

    // MARK: - Money on its way out

    private func wrong(_ transfer: OutgoingTransfer) throws -> [String] {
        let account = AccountID(
            code: AccountCode(transfer.isRefund ? "refunds_payable" : "payouts_payable"),
            scope: transfer.merchant.text
        )
        var findings: [String] = []
        guard let reservation = try reservation(of: transfer.purpose.id) else { return ["nothing is set aside for it"] }
        let amount = try transfer.amount.negated()
        if !reservation.postings.contains(Posting(account: account, amount: amount)) {
            findings.append("it is not what \(reservation.id) sets aside")
        }
        if case .refund(_, let id) = transfer.purpose {
            let target = try payment(id)?.refundTarget ?? ""
            if transfer.destination != target {
                findings.append("it goes to '\(transfer.destination)' and not to '\(target)'")
            }
        }
        if reservation.subject != LedgerSubject(transfer.purpose) {
            findings.append("\(reservation.id) sets aside what \(reservation.subject) sends")
        }
        let booked = try ledgerTransactions(LedgerSubject(transfer.purpose))
        let standing = booked.standing
        let isReserved = standing.contains { $0.id == reservation.id }
        let hasEnded = transfer.status.state == .failed || transfer.status.state == .cancelled
        if isReserved == hasEnded {
            findings.append(
                "it is \(transfer.status.state.rawValue), and its money is \(isReserved ? "" : "not ")set aside"
            )
        }
        if transfer.prepared != nil, [.awaitingApproval, .awaitingPayment].contains(transfer.status.state) {
            findings.append("it waits to be signed, and was signed")
        }
        let isSent = standing.contains { $0.kind == .transferSent }
        if isSent != (transfer.status.state == .completed) {
            findings.append("it is \(transfer.status.state.rawValue), and booked as \(isSent ? "sent" : "not sent")")
        }
        let fees = standing.flatMap(\.postings).filter { $0.account.code.rawValue == "network_fees" }.map(\.amount)
        let fee = transfer.networkFee.flatMap { $0.isZero ? nil : $0 }
        if fees != [fee].compactMap({ $0 }) { findings.append("its network fee is not what is booked") }
        let places = standing.flatMap(\.postings).filter { $0.account.code.rawValue == "provider_receivable" }
        if let place = places.first(where: { $0.account.scope != transfer.provider }) {
            findings.append("its provider is not where its money was booked: \(place.account)")
        }
        return findings
    }

    // MARK: - Cases

    private func wrong(_ found: ExceptionCase) throws -> [String] {
        // A set-aside record has no amount that could be booked.
        guard let amount = found.amount else { return [] }
        if let key = found.movement {
            let booked = try ledgerTransactions(LedgerSubject(key)).compactMap(\.postings.first?.amount)
            // The movement of a closed case may have been undone since.
            let isBooked =
                found.state == .open
                ? booked.last ?? .zero(amount.asset) == amount : amount.isZero || booked.contains(amount)
            return isBooked ? [] : ["its amount is not that of the movement \(key)"]
        }
        guard found.state == .open else { return [] }
        guard let id = found.payment, let payment = try payment(id) else { return ["it is about no payment"] }
        guard found.reason != .orphaned else {
            return payment.state == .orphaned && payment.amount == amount
                ? [] : ["its payment is not gone, or of another amount"]
        }
        var waiting = Amount.zero(amount.asset)
        for posting in try ledgerTransactions(payment: id).flatMap(\.postings)
        where posting.amount.asset == waiting.asset {
            guard let reason = ExceptionCase.Reason(waitingOn: posting.account), found.reason.explains(reason) else {
                continue
            }
            waiting = try waiting.subtracting(posting.amount)
        }
        var findings = waiting == amount ? [] : ["its amount is not what waits: \(waiting)"]
        if found.merchant != payment.merchant { findings.append("its merchant is not that of its payment") }
        return findings
    }
}

extension LedgerTransaction {
    /// The posting by which a rail's account grew by a payment.
    fileprivate var arrival: Posting? {
        guard kind == .paymentHeld || kind == .invoiceSettled else { return nil }
        return postings.first { $0.account.code.rawValue == "provider_receivable" && $0.amount.isPositive }
    }

    /// The classification with which this books a payment; nil when it only moves the payment's money.
    fileprivate var placement: Payment.Classification? {
        guard kind == .paymentHeld || kind == .invoiceSettled,
            let source = postings.first(where: \.amount.isPositive)?.account.code.rawValue,
            source == "provider_receivable" || source == "suspense"
        else { return nil }
        let targets = Set(postings.filter(\.amount.isNegative).map(\.account.code.rawValue))
        if targets.contains("overpayments") { return .over }
        for (account, classification) in Self.placements where targets.contains(account) { return classification }
        return .exact
    }

    private static let placements: [(String, Payment.Classification)] = [
        ("customer_clearing", .partial), ("late_payments", .late), ("repeated_payments", .repeated),
        ("suspense", .unmatched), ("wrong_asset", .wrongAsset),
    ]

    /// The merchants on whose accounts it is booked.
    fileprivate var merchants: [String] {
        postings.map(\.account)
            .filter { !["provider_receivable", "suspense", "refunds_payable"].contains($0.code.rawValue) }
            .compactMap(\.scope)
    }
}

extension ExceptionCase.Reason {
    /// Why money waits on an account; nil when nobody has to decide about it.
    package init?(waitingOn account: AccountID) {
        switch account.code.rawValue {
        case "late_payments": self = .late
        case "repeated_payments": self = .repeated
        case "suspense": self = .unmatched
        case "wrong_asset": self = .wrongAsset
        case "overpayments": self = .overpaid
        case "underpayments": self = .underpaid
        default: return nil
        }
    }

    /// Whether a case with this reason explains money that waits for another: a payment with a foreign reference waits
    /// like an unmatched one.
    package func explains(_ waiting: Self) -> Bool {
        self == waiting || (self == .foreignReference && waiting == .unmatched)
    }
}

extension OutgoingTransfer {
    fileprivate var isRefund: Bool { if case .refund = purpose { true } else { false } }
}
