/// The permissions of an API key.
package struct KeyAccess: Hashable, Sendable {
    /// The kind of key, which its text shows.
    package enum Role: String, Hashable, Sendable, CaseIterable {
        /// May do everything: for the merchant's server.
        case secret
        /// May do what its scopes allow: for a part of the merchant's own systems.
        case restricted
        /// May read single invoices: for a public page.
        case publishable

        /// How the key's text begins.
        package var prefix: String {
            switch self {
            case .secret: "sk"
            case .restricted: "rk"
            case .publishable: "pk"
            }
        }
    }

    /// One thing that a key may do.
    package enum Scope: String, Hashable, Sendable, CaseIterable {
        case invoicesRead = "invoices:read"
        case invoicesWrite = "invoices:write"
        case paymentsRead = "payments:read"
        /// To read customers' personal data: names, contact details and shipping addresses.
        case personalDataRead = "personal_data:read"
        /// To erase personal data.
        case personalDataWrite = "personal_data:write"
        case refundsRead = "refunds:read"
        case refundsWrite = "refunds:write"
        case payoutsRead = "payouts:read"
        case payoutsWrite = "payouts:write"
        /// To approve payouts that need it: a second pair of eyes, apart from who asks for them.
        case payoutsApprove = "payouts:approve"
        /// To change the rules for payouts and the listed destinations.
        case payoutsControl = "payouts:control"
        case balancesRead = "balances:read"
        case linksRead = "payment_links:read"
        case linksWrite = "payment_links:write"
        case subscriptionsRead = "subscriptions:read"
        case subscriptionsWrite = "subscriptions:write"
        case mediaRead = "paid_media:read"
        case mediaWrite = "paid_media:write"
        case botsRead = "bots:read"
        /// To add bots. No restricted key has it, because bots' tokens give access to other people's money.
        case botsWrite = "bots:write"
        case ratesRead = "rates:read"
        case casesRead = "cases:read"
        case casesWrite = "cases:write"
        case eventsRead = "events:read"
        case eventsWrite = "events:write"
        case webhooksRead = "webhook_endpoints:read"
        case webhooksWrite = "webhook_endpoints:write"
        /// To make and revoke keys. No restricted key has it, so that none can extend its own access.
        case keysRead = "api_keys:read"
        case keysWrite = "api_keys:write"

        /// To add merchants: for the operator alone.
        case merchantsRead = "merchants:read"
        case merchantsWrite = "merchants:write"
        /// To read the accounts of all books: for the operator alone.
        case accountsRead = "accounts:read"

        /// Whether a restricted key may have it.
        package var canBeGranted: Bool {
            ![.keysRead, .keysWrite, .merchantsRead, .merchantsWrite, .accountsRead, .botsWrite].contains(self)
        }
    }

    /// The kind of key.
    package let role: Role
    /// The scopes of a restricted key.
    package let scopes: Set<Scope>

    /// Access of a kind of key.
    package init(role: Role, scopes: Set<Scope> = []) {
        self.role = role
        self.scopes = scopes
    }

    /// Everything.
    package static let secret = Self(role: .secret)

    /// Whether it may read customers' personal data.
    package var readsPersonalData: Bool { allows(.personalDataRead, isPublishable: false) }

    /// Whether it allows an action that needs a scope, or that a publishable key may do as well.
    package func allows(_ scope: Scope, isPublishable: Bool) -> Bool {
        switch role {
        case .secret: true
        case .restricted: scopes.contains(scope)
        case .publishable: isPublishable
        }
    }
}
