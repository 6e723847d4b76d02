import Finance
import HTTPMessages
import Ledger
import Money
import Payments
import Records
import Routing
import Seams
import Settlement
import StrictJSON

/// Reports: every change of a balance, and every row behind a figure.
extension RESTAPI {
    private var finance: Finance { Finance(settlement) }

    func listBalances(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow("as_of")
        let data: [JSONValue]
        if let moment = try asOf(call) {
            data = try await finance.balances(of: call.merchant, asOf: moment).map(representation.json)
        } else {
            data = try await settlement.balances(of: call.merchant)
                .map { try representation.json(balance: $0.balance, available: $0.available) }
        }
        return json(["object": "list", "data": .array(data), "has_more": .bool(false), "url": "/v1/balances"])
    }

    func listBalanceTransactions(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow(
            "limit",
            "starting_after",
            "ending_before",
            "type",
            "asset",
            "rail",
            "provider",
            "source",
            "posted_from",
            "posted_until",
            "occurred_from",
            "occurred_until"
        )
        var list = BalanceTransactionList(of: call.merchant, in: try call.page())
        list.kind = try call.word("type")
        list.rail = try call.word("rail")
        list.asset = try call.parameter("asset").map { try asset($0, "asset").id }
        list.provider = call.parameter("provider")
        list.source = try call.parameter("source").map(subject)
        list.postedFrom = try call.moment("posted_from")
        list.postedUntil = try call.moment("posted_until")
        list.occurredFrom = try call.moment("occurred_from")
        list.occurredUntil = try call.moment("occurred_until")
        let found = try await finance.balanceTransactions(list)
        return self.list(try found.map(representation.json), of: call, page: list.page)
    }

    func readBalanceTransaction(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow()
        let id: Identifier<LedgerTransactionKind> = try call.id(at: 2)
        guard let found = try await finance.balanceTransaction(id, of: call.merchant) else {
            throw Problem.notFound("there is no balance transaction \(id)")
        }
        return json(try representation.json(found))
    }

    /// The moment for which a balance is asked; nil for the present.
    ///
    /// Answers show moments in milliseconds, and a balance as of a shown moment includes what was booked at it.
    private func asOf(_ call: APIRequest) throws -> Timestamp? {
        try call.moment("as_of")?.advanced(by: .microseconds(999))
    }

    /// The payment, refund or payout that a text names.
    private func subject(_ text: String) throws -> LedgerSubject {
        if (try? PaymentID(text)) != nil { return LedgerSubject(.payment, text) }
        if (try? RefundID(text)) != nil { return LedgerSubject(.refund, text) }
        if (try? PayoutID(text)) != nil { return LedgerSubject(.payout, text) }
        throw Problem.invalid("'source' identifies no payment, refund or payout", "source")
    }

    // MARK: - The operator

    func listAccounts(_ call: APIRequest) async throws -> HTTPResponse {
        try requireOperator(call)
        try call.allow("as_of")
        let moment = try asOf(call) ?? clock.now()
        let data = try await finance.accounts(asOf: moment).map { try representation.json($0, of: settlement.chart) }
        return json(["object": "list", "data": .array(data), "has_more": .bool(false), "url": "/v1/accounts"])
    }

    func listEntries(_ call: APIRequest) async throws -> HTTPResponse {
        try requireOperator(call)
        try call.allow("limit", "starting_after", "ending_before", "book")
        let page = try call.page()
        let name = RequestTarget.decoded(part: call.path[2])
        guard StorableText.isStorable(name) else { throw Problem.notFound() }
        let account = AccountID(text: name)
        let book = try call.parameter("book").map { text in
            guard let number = Int64(text), (0...LedgerBook.limit).contains(Int(clamping: number)) else {
                throw Problem.invalid("'book' is the number of a book, 0 for the operator's", "book")
            }
            return LedgerBook(number: number)
        }
        do {
            guard let found = try await finance.entries(of: account, in: book, on: page) else {
                throw Problem.notFound("nothing was booked on an account '\(account)'")
            }
            return list(try found.map { try representation.json($0, of: account) }, of: call, page: page)
        } catch let error as UnnamedBook {
            let books = error.books.map { "\($0.number)" }.joined(separator: ", ")
            throw Problem.unprocessable("the account lies in the books \(books): name one of them", "book")
        }
    }
}
