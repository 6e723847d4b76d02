import HTTPMessages
package import Payments
import Routing

/// The routes under `/v1` and their handlers.
enum Routes {
    typealias Answer = @Sendable (RESTAPI, APIRequest) async throws -> HTTPResponse

    /// A route and the access that it needs; `*` stands for an identifier.
    struct Route: Sendable {
        let method: String
        let path: [String]
        /// The scopes that a restricted key needs, all of them.
        let scopes: [KeyAccess.Scope]
        /// Whether a publishable key is enough.
        let isPublishable: Bool
        let answer: Answer

        init(
            _ method: String,
            _ path: String,
            _ scopes: KeyAccess.Scope...,
            publishable: Bool = false,
            answer: @escaping Answer
        ) {
            self.method = method
            self.path = path.split(separator: "/").map { String($0) }
            self.scopes = scopes
            isPublishable = publishable
            self.answer = answer
        }

        /// The method and the path, `{id}` for an identifier.
        var name: String { "\(method) /" + path.map { $0 == "*" ? "{id}" : $0 }.joined(separator: "/") }

        func matches(_ path: [String]) -> Bool {
            path.count == self.path.count && zip(self.path, path).allSatisfy { $0 == "*" || $0 == $1 }
        }
    }

    static let all: [Route] = [
        Route("POST", "/v1/invoices", .invoicesWrite) { try await $0.createInvoice($1) },
        Route("GET", "/v1/invoices", .invoicesRead) { try await $0.listInvoices($1) },
        Route("GET", "/v1/invoices/*", .invoicesRead, publishable: true) { try await $0.readInvoice($1) },
        Route("POST", "/v1/invoices/*/cancel", .invoicesWrite) { try await $0.cancelInvoice($1) },
        Route("POST", "/v1/invoices/*/renew_quotes", .invoicesWrite) { try await $0.renewQuotes($1) },
        Route("POST", "/v1/invoices/*/look_again", .invoicesWrite) { try await $0.lookAgain($1) },
        Route("POST", "/v1/payment_links", .linksWrite) { try await $0.createLink($1) },
        Route("GET", "/v1/payment_links", .linksRead) { try await $0.listLinks($1) },
        Route("GET", "/v1/payment_links/*", .linksRead) { try await $0.readLink($1) },
        Route("POST", "/v1/payment_links/*", .linksWrite) { try await $0.updateLink($1) },
        Route("POST", "/v1/subscriptions", .subscriptionsWrite) { try await $0.createSubscription($1) },
        Route("GET", "/v1/subscriptions", .subscriptionsRead) { try await $0.listSubscriptions($1) },
        Route("GET", "/v1/subscriptions/*", .subscriptionsRead) { try await $0.readSubscription($1) },
        Route("POST", "/v1/subscriptions/*/cancel", .subscriptionsWrite) { try await $0.setRenewal($1, to: false) },
        Route("POST", "/v1/subscriptions/*/restore", .subscriptionsWrite) { try await $0.setRenewal($1, to: true) },
        Route("POST", "/v1/paid_media", .mediaWrite) { try await $0.createMedia($1) },
        Route("GET", "/v1/paid_media", .mediaRead) { try await $0.listMedia($1) },
        Route("GET", "/v1/paid_media/*", .mediaRead) { try await $0.readMedia($1) },
        Route("POST", "/v1/bots", .botsWrite) { try await $0.createBot($1) },
        Route("GET", "/v1/bots", .botsRead) { try await $0.listBots($1) },
        Route("GET", "/v1/bots/*", .botsRead) { try await $0.readBot($1) },
        Route("POST", "/v1/bots/*", .botsWrite) { try await $0.updateBot($1) },
        Route("GET", "/v1/rates", .ratesRead) { try await $0.readRate($1) },
        Route("POST", "/v1/invoices/*/claim_challenges", .invoicesWrite) { try await $0.createChallenge($1) },
        Route("POST", "/v1/invoices/*/claims", .invoicesWrite) { try await $0.createClaim($1) },
        Route("GET", "/v1/payments", .paymentsRead) { try await $0.listPayments($1) },
        Route("GET", "/v1/payments/*", .paymentsRead) { try await $0.readPayment($1) },
        Route("POST", "/v1/payments/*/erase_personal_data", .personalDataWrite) { try await $0.erasePersonalData($1) },
        Route("POST", "/v1/refunds", .refundsWrite) { try await $0.createRefund($1) },
        Route("GET", "/v1/refunds", .refundsRead) { try await $0.listOutgoing($1, refunds: true) },
        Route("GET", "/v1/refunds/*", .refundsRead) { try await $0.readOutgoing($1, refunds: true) },
        Route("POST", "/v1/payouts", .payoutsWrite) { try await $0.createPayout($1) },
        Route("GET", "/v1/payouts", .payoutsRead) { try await $0.listOutgoing($1, refunds: false) },
        Route("GET", "/v1/payouts/*", .payoutsRead) { try await $0.readOutgoing($1, refunds: false) },
        Route("POST", "/v1/payouts/*/approve", .payoutsApprove) { try await $0.decidePayout($1, approve: true) },
        Route("POST", "/v1/payouts/*/cancel", .payoutsWrite) { try await $0.decidePayout($1, approve: false) },
        Route("GET", "/v1/payouts/*/approval", .payoutsRead) { try await $0.readApproval($1) },
        Route("GET", "/v1/payout_policy", .payoutsRead) { try await $0.readPolicy($1) },
        Route("POST", "/v1/payout_policy", .payoutsControl) { try await $0.changePolicy($1) },
        Route("POST", "/v1/payout_destinations", .payoutsControl) { try await $0.createDestination($1) },
        Route("GET", "/v1/payout_destinations", .payoutsRead) { try await $0.listDestinations($1) },
        Route("GET", "/v1/payout_destinations/*", .payoutsRead) { try await $0.readDestination($1) },
        Route("DELETE", "/v1/payout_destinations/*", .payoutsControl) { try await $0.deleteDestination($1) },
        Route("POST", "/v1/merchants", .merchantsWrite) { try await $0.createMerchant($1) },
        Route("GET", "/v1/merchants", .merchantsRead) { try await $0.listMerchants($1) },
        Route("GET", "/v1/merchants/*", .merchantsRead) { try await $0.readMerchant($1) },
        Route("GET", "/v1/wallets", .merchantsRead) { try await $0.listWallets($1) },
        Route("POST", "/v1/wallets/decide", .merchantsWrite) { try await $0.decideTransfer($1) },
        Route("POST", "/v1/wallets/resume", .merchantsWrite) { try await $0.resumeWallet($1) },
        Route("GET", "/v1/balances", .balancesRead) { try await $0.listBalances($1) },
        Route("GET", "/v1/balance_transactions", .balancesRead) { try await $0.listBalanceTransactions($1) },
        Route("GET", "/v1/balance_transactions/*", .balancesRead) { try await $0.readBalanceTransaction($1) },
        Route("GET", "/v1/accounts", .accountsRead) { try await $0.listAccounts($1) },
        Route("GET", "/v1/accounts/*/entries", .accountsRead) { try await $0.listEntries($1) },
        Route("GET", "/v1/cases", .casesRead) { try await $0.listCases($1) },
        Route("GET", "/v1/cases/*", .casesRead) { try await $0.readCase($1) },
        Route("POST", "/v1/cases/*/resolve", .casesWrite) { try await $0.resolveCase($1) },
        Route("GET", "/v1/events", .eventsRead) { try await $0.listEvents($1) },
        Route("GET", "/v1/events/*", .eventsRead) { try await $0.readEvent($1) },
        Route("POST", "/v1/events/*/redeliver", .eventsWrite) { try await $0.redeliver($1) },
        // A key that may not read events cannot have them sent to an address of its choice either.
        Route("POST", "/v1/webhook_endpoints", .webhooksWrite, .eventsRead) { try await $0.createEndpoint($1) },
        Route("GET", "/v1/webhook_endpoints", .webhooksRead) { try await $0.listEndpoints($1) },
        Route("GET", "/v1/webhook_endpoints/*", .webhooksRead) { try await $0.readEndpoint($1) },
        Route("POST", "/v1/webhook_endpoints/*", .webhooksWrite) { try await $0.changeEndpoint($1) },
        Route("GET", "/v1/webhook_endpoints/*/attempts", .webhooksRead) { try await $0.listAttempts($1) },
        Route("POST", "/v1/webhook_endpoints/*/rotate_secret", .webhooksWrite) { try await $0.rotateSecret($1) },
        Route("POST", "/v1/webhook_endpoints/*/enable", .webhooksWrite) { try await $0.enableEndpoint($1) },
        Route("POST", "/v1/webhook_endpoints/*/redeliver", .webhooksWrite, .eventsWrite) {
            try await $0.redeliverRange($1)
        },
        Route("POST", "/v1/webhook_endpoints/*/disable", .webhooksWrite) { try await $0.disableEndpoint($1) },
        Route("DELETE", "/v1/webhook_endpoints/*", .webhooksWrite) { try await $0.deleteEndpoint($1) },
        Route("POST", "/v1/api_keys", .keysWrite) { try await $0.createKey($1) },
        Route("GET", "/v1/api_keys", .keysRead) { try await $0.listKeys($1) },
        Route("DELETE", "/v1/api_keys/*", .keysWrite) { try await $0.revokeKey($1) },
    ]

    /// The routes by the part of the path after `/v1/`.
    private static let byKind = Dictionary(grouping: all) { $0.path[1] }

    /// The path of each kind of object, without an identifier.
    static let kinds: [String: String] = byKind.keys.reduce(into: [:]) { $0[$1] = "/v1/\($1)" }

    /// Finds the route of a request.
    static func find(_ method: String, _ path: [String]) throws -> Route {
        guard path.count > 1, path[0] == "v1" else { throw Problem.notFound() }
        let candidates = (byKind[path[1]] ?? []).filter { $0.matches(path) }
        guard !candidates.isEmpty else { throw Problem.notFound() }
        guard let route = candidates.first(where: { $0.method == method }) else {
            throw Problem.methodNotAllowed(candidates.map(\.method))
        }
        return route
    }
}

/// A route under `/v1` and the access that it needs, for listings.
package struct MerchantRoute: Hashable, Sendable {
    /// The method and the path, `{id}` for an identifier.
    package let name: String
    /// The scopes that a restricted key needs, all of them.
    package let scopes: [KeyAccess.Scope]
    /// Whether a publishable key is enough.
    package let isPublishable: Bool
}

extension RESTAPI {
    /// The merchants' routes and the access that each needs, to check permissions against.
    package var merchantRoutes: [MerchantRoute] {
        Routes.all.map { MerchantRoute(name: $0.name, scopes: $0.scopes, isPublishable: $0.isPublishable) }
    }

    /// The paths that each route can expand (`expand[]`), for comparison with the OpenAPI document.
    package var expandablePaths: [String: [String]] {
        Dictionary(uniqueKeysWithValues: Routes.all.map { ($0.name, Expansion.paths(of: $0)) })
    }
}
