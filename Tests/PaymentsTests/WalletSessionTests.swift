import Payments
import Seams
import Testing

@Suite("Sessions with customers' wallets")
struct WalletSessionTests {
    private static let opening = WalletSession.Opening(
        id: WalletSessionID(value: 1),
        invoice: InvoiceID(value: 2),
        option: PaymentOptionID(value: 3),
        wallet: "Wallet",
        bridge: "https://bridge",
        sealedSecret: [],
        link: "https://wallet",
        createdAt: Timestamp(seconds: 0),
        expiresAt: Timestamp(seconds: 900)
    )

    private static let connected = WalletSession.Event.connected(peer: "w", account: "0:aa", network: "-3")
    private static let elsewhere = WalletSession.Event.connected(peer: "w", account: "0:aa", network: "-239")

    /// Events with their senders, each with the state and the action that follow it.
    static let stories: [(name: String, events: [(WalletSession.Event, String?)], states: [String])] = [
        ("pays", [(connected, "w"), (.sent, "w")], ["asked ask", "sent"]),
        ("declines", [(connected, "w"), (.declined, "w")], ["asked ask", "declined"]),
        ("does not connect", [(.declined, "w")], ["declined"]),
        ("connects twice", [(connected, "w"), (connected, "w")], ["asked ask", "asked"]),
        (
            "another connects later", [(connected, "w"), (connected, "x"), (.declined, "x")],
            ["asked ask", "asked", "asked"]
        ),
        ("is on another network", [(elsewhere, "w"), (.sent, "w")], ["failed wrong_network", "failed wrong_network"]),
        ("says that it paid before it was asked", [(.sent, "w")], ["waiting"]),
        (
            "changes its mind", [(connected, "w"), (.declined, "w"), (.sent, "w")],
            ["asked ask", "declined", "declined"]
        ),
        ("is replaced", [(connected, "w"), (.failed(reason: "replaced"), nil)], ["asked ask", "failed replaced"]),
        (
            "is replaced too late", [(connected, "w"), (.sent, "w"), (.failed(reason: "x"), nil)],
            ["asked ask", "sent", "sent"]
        ),
    ]

    @Test("follow the wallet's messages, and ask it once", arguments: stories.indices)
    func story(index: Int) {
        let story = Self.stories[index]
        var session = WalletSession(Self.opening)
        var states: [String] = []
        for (event, sender) in story.events {
            let actions = session.apply(event, from: sender, on: "-3")
            let parts = [session.state.rawValue, session.reason, actions.isEmpty ? nil : "ask"]
            states.append(parts.compactMap { $0 }.joined(separator: " "))
        }
        #expect(states == story.states, "a wallet that \(story.name)")
    }
}
