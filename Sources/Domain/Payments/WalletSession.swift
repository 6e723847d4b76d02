package import Seams

/// A session with a customer's wallet, in which it is asked to pay one option of an invoice.
///
/// What a wallet says decides nothing about money: the chain does. It only tells the customer what to do next.
package struct WalletSession: Hashable, Sendable {
    /// How far it has come.
    package enum State: String, Hashable, Sendable, CaseIterable {
        /// The customer has the link, and the wallet has not answered.
        case waiting
        /// The wallet shows the customer what to sign.
        case asked
        /// The wallet says that it has sent what was asked.
        case sent
        /// The customer has said no.
        case declined
        /// It cannot go on; ``WalletSession/reason`` says why.
        case failed

        /// Whether the wallet may still say something that matters.
        package var isOpen: Bool { self == .waiting || self == .asked }
    }

    /// What is kept of a session once and for ever.
    package struct Opening: Hashable, Sendable {
        /// The session's identifier.
        package let id: WalletSessionID
        /// The invoice.
        package let invoice: InvoiceID
        /// The option that the wallet is to pay.
        package let option: PaymentOptionID
        /// What customers call the wallet.
        package let wallet: String
        /// The wallet's bridge.
        package let bridge: String
        /// Our secret, sealed.
        package let sealedSecret: [UInt8]
        /// The link that opens the wallet.
        package let link: String
        /// When it was opened.
        package let createdAt: Timestamp
        /// When nothing more is expected of it.
        package let expiresAt: Timestamp

        /// What is kept of a session once and for ever.
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

    /// What was kept when it was opened.
    package let opening: Opening
    /// How far it has come.
    package private(set) var state: State
    /// The wallet's name on the bridge; none before it has answered.
    package private(set) var peer: String?
    /// The wallet's account, raw; none before it has answered.
    package private(set) var account: String?
    /// Why it cannot go on.
    package private(set) var reason: String?
    /// The place of the last message on the bridge that was dealt with.
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

    /// What can happen to a session.
    package enum Event: Hashable, Sendable {
        /// A wallet has connected.
        case connected(peer: String, account: String, network: String)
        /// A wallet or its customer said no, before or after it was asked.
        case declined
        /// A wallet says that it has sent what it was asked.
        case sent
        /// A wallet, or we, cannot go on.
        case failed(reason: String)
    }

    /// What follows.
    package enum Action: Hashable, Sendable {
        /// Ask the wallet to pay.
        case ask
    }

    /// What an event makes of the session; messages of others than the wallet that has connected change nothing.
    ///
    /// - Parameters:
    ///   - event: what happened.
    ///   - sender: who says so; none for ourselves.
    ///   - network: the network that the option is paid on.
    /// - Returns: what follows; the wallet is asked once only, so that nobody pays twice.
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
