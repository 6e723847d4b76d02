import Payments
import TON

/// The wallets of one seed: money that moves between them is still ours.
struct Relatives {
    /// The wallet that pays out.
    let main: TONAddress
    /// The wallet that pays the fees of gathering.
    let fees: TONAddress
    let wallets: OwnWallets
    /// The wallets of options that the database has handed out, among those that the read messages name.
    ///
    /// Only payments to these were credited. A database that was restored from a copy lacks the wallets of later
    /// invoices, and money gathered from those is in no books yet.
    var handedOut: Set<TONAddress> = []

    /// The wallet of the option that a message names; nil when it names none.
    func named(in body: Cell) -> TONAddress? {
        GatheringMessage(reading: body).flatMap { try? wallets.ofOption($0.option).address }
    }

    /// Whether a message moves money between them: from an option's wallet to the one that pays out, or from the wallet
    /// for fees to an option's wallet.
    func areSource(of message: InternalMessage, at account: TONAddress) -> Bool {
        guard let source = message.source, let option = named(in: message.body) else { return false }
        return account == main ? source == option && handedOut.contains(option) : source == fees && account == option
    }

    /// Whether a message goes from one of them to another.
    func areDestination(of message: InternalMessage, from account: TONAddress) -> Bool {
        guard let option = named(in: message.body) else { return false }
        return account == fees
            ? message.destination == option && handedOut.contains(option)
            : account == option && message.destination == main
    }

    /// Whether jettons came from the wallet of an option.
    func areSource(of credit: JettonInternalTransfer) -> Bool {
        guard let source = credit.from, let option = named(in: credit.forwardPayload) else { return false }
        return source == option && handedOut.contains(option)
    }

    /// The option whose wallet has sent money and is missing in the database; nil when another wallet has sent it.
    func forgotten(_ source: TONAddress?, saying body: Cell) -> PaymentOptionID? {
        guard let source, let wallet = named(in: body), source == wallet, !handedOut.contains(wallet) else {
            return nil
        }
        return GatheringMessage(reading: body)?.option
    }
}
