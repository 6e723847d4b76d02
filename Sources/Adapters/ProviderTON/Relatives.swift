import TON

/// The wallets of one seed: what moves between them is still ours.
struct Relatives {
    /// The wallet that pays out.
    let main: TONAddress
    /// The wallet that pays the fees of gathering.
    let fees: TONAddress
    let wallets: OwnWallets

    /// The wallet of the option that a message names; none when it names none.
    private func named(in body: Cell) -> TONAddress? {
        GatheringMessage(reading: body).flatMap { try? wallets.ofOption($0.option).address }
    }

    /// Whether a message came from one of them to another: from an option's wallet to the one that pays out, or from the
    /// one for fees to an option's.
    func areSource(of message: InternalMessage, at account: TONAddress) -> Bool {
        guard let source = message.source, let option = named(in: message.body) else { return false }
        return account == main ? source == option : source == fees && account == option
    }

    /// Whether a message goes from one of them to another.
    func areDestination(of message: InternalMessage, from account: TONAddress) -> Bool {
        guard let option = named(in: message.body) else { return false }
        return account == fees ? message.destination == option : account == option && message.destination == main
    }

    /// Whether jettons came from the wallet of an option.
    func areSource(of credit: JettonInternalTransfer) -> Bool {
        guard let source = credit.from, let option = named(in: credit.forwardPayload) else { return false }
        return source == option
    }
}
