package import Seams

/// A session in which a customer's wallet is asked to pay one option of an invoice.
///
/// A wallet's messages decide nothing about money: the chain does. They only guide the customer.
package struct WalletSession: Hashable, Sendable {
    /// How far it has come.
    package enum State: String, Hashable, Sendable, CaseIterable {
        /// The customer has the link, and the wallet has not answered yet.
        case waiting
        /// The wallet shows the customer what to sign.
        case asked
        /// The wallet reports that it has sent the transfer.
        case sent
        /// The customer has declined.
        case declined
        /// It cannot go on, for the reason in ``WalletSession/reason``.
        case failed

        /// Whether messages of the wallet still matter.
        package var isOpen: Bool { self == .waiting || self == .asked }
    }

    /// The parts of a session that never change.
    package struct Opening: Hashable, Sendable {
        /// The session's identifier.
        package let id: WalletSessionID
        /// The invoice.
        package let invoice: InvoiceID
        /// The option that the wallet is to pay.
        package let option: PaymentOptionID
        /// The wallet's name for customers.
        package let wallet: String
        /// The wallet's bridge.
        package let bridge: String
        /// Our secret, sealed.
        package let sealedSecret: [UInt8]
        /// The link that opens the wallet.
        package let link: String
        /// When it was opened.
        package let createdAt: Timestamp
        /// When it expires.
        package let expiresAt: Timestamp

        /// The parts of a session that never change.
        package init(
            id: WalletSessionID,
            invoice: InvoiceID,
            option: PaymentOptionID,
            wallet: String,
            bridge: String,
            sealedSecret: [UInt8],
            link: String,
            createdAt: Timestamp,
            expiresAt: Timestamp
        ) {
            self.id = id
            self.invoice = invoice
            self.option = option
            self.wallet = wallet
            self.bridge = bridge
            self.sealedSecret = sealedSecret
            self.link = link
            self.createdAt = createdAt
            self.expiresAt = expiresAt
        }
    }

    /// The parts that never change.
    package let opening: Opening
    /// How far it has come.
    package private(set) var state: State
    /// The wallet's identifier on the bridge; nil before it has answered.
    package private(set) var peer: String?
    /// The wallet's account, in raw form; nil before it has answered.
    package private(set) var account: String?
    /// Why it cannot go on.
    package private(set) var reason: String?
    /// The identifier of the last message on the bridge that was processed.
    package var lastEvent: String?

    /// A session as it was opened or stored.
    package init(
        _ opening: Opening,
        state: State = .waiting,
        peer: String? = nil,
        account: String? = nil,
        reason: String? = nil,
        lastEvent: String? = nil
    ) {
        self.opening = opening
        self.state = state
        self.peer = peer
        self.account = account
        self.reason = reason
        self.lastEvent = lastEvent
    }

    /// An event of a session.
    package enum Event: Hashable, Sendable {
        /// A wallet has connected.
        case connected(peer: String, account: String, network: String)
        /// The wallet or the customer has declined, before or after the wallet was asked.
        case declined
        /// The wallet reports that it has sent the transfer.
        case sent
        /// The wallet or the gateway cannot go on.
        case failed(reason: String)
    }

    /// The next action.
    package enum Action: Hashable, Sendable {
        /// Ask the wallet to pay.
        case ask
    }

    /// Applies an event to the session; only messages of the connected wallet have an effect.
    ///
    /// - Parameters:
    ///   - event: what happened.
    ///   - sender: the sender of the message; nil for the gateway itself.
    ///   - network: the network that the option is paid on.
    /// - Returns: the next actions; the wallet is asked only once, so that nobody pays twice.
    package mutating func apply(_ event: Event, from sender: String?, on network: String) -> [Action] {
        guard state.isOpen, sender == nil || peer == nil || sender == peer else { return [] }
        switch (event, state) {
        case (.connected(let peer, let account, let theirs), .waiting):
            (self.peer, self.account) = (peer, account)
            guard theirs == network else {
                (state, reason) = (.failed, "wrong_network")
                return []
            }
            state = .asked
            return [.ask]
        case (.connected, _): return []
        case (.declined, _): state = .declined
        case (.sent, .asked): state = .sent
        case (.sent, _): return []
        case (.failed(let reason), _): (state, self.reason) = (.failed, reason)
        }
        return []
    }
}
