import Money
import Payments
import Providers
import Seams
import StrictJSON
import TON

/// Translates a chain transaction into observations: the only place with the rules for crediting money on TON.
///
/// Flags, phases and addresses decide, never a message's own claims. Every nanoton is accounted for: the coins of all
/// observations of a chain transaction add up to the change of the account's balance.
struct TransferReading {
    /// Below this number of nanotons, unexpected money does not open a case.
    static let dust: UInt128 = 10_000_000

    /// The comment of a transfer by which the operator puts own money into a wallet, for fees.
    static let topUp = Array("top-up".utf8)

    let network: TONNetwork
    let transaction: ChainTransaction
    /// The account of the chain transaction.
    let account: TONAddress
    /// The wallet that owns the account: itself, or the owner of the jetton wallet.
    let owner: TONAddress
    /// Whether the owner's wallet belongs to a single option.
    let isDerived: Bool
    /// Our other wallets; money that moves between them is not a payment.
    let relatives: Relatives
    /// Wallets of the operator whose keys are kept offline.
    let coldWallets: Set<TONAddress>
    let asset: AssetID
    /// The external request behind this chain transaction; nil when there is none.
    ///
    /// Either this chain transaction took it, or it made the wallet send itself the message that this chain transaction
    /// took.
    var request: ExternalInMessage?
    /// The number that the request has used; nil when it cannot be read.
    var number: Int64?

    static func reference(comment: String, to owner: TONAddress) -> PaymentReference {
        PaymentReference(scope: "ton:comment:\(owner.raw)", value: comment)
    }

    static func reference(to owner: TONAddress) -> PaymentReference {
        PaymentReference(scope: "ton:account", value: owner.raw)
    }

    /// The parts of the keys of payments in coins and in jettons.
    static let (coinPart, jettonPart) = ("in", "jetton")

    /// The natural key of a part of a chain transaction.
    static func key(_ network: TONNetwork, _ account: TONAddress, _ place: ChainPlace, _ part: String) -> NaturalKey {
        NaturalKey("ton", network.rawValue, account.raw, "\(place.lt)", "\(place.hash)", part)
    }

    private func key(_ part: String) -> NaturalKey {
        Self.key(network, account, ChainPlace(lt: transaction.lt, hash: transaction.hash), part)
    }

    private var moment: Timestamp { Timestamp(seconds: Int64(transaction.now)) }

    // MARK: - Coins

    /// The observations of a wallet's chain transaction.
    ///
    /// - Parameter ownJettonWallets: the jetton wallets of this wallet.
    /// - Throws: `ProviderError` when a message cannot be read.
    /// - Returns: the observations, whose coins add up to the change of the balance.
    func coinObservations(ownJettonWallets: [TONAddress: AssetID]) throws(ProviderError) -> [Observation] {
        guard amountsExist else { throw ProviderError(.malformed, "an amount is more than all existing coins") }
        switch transaction.inMessage {
        case .externalIn(let message):
            // Our own request is never a deposit, whatever it carries.
            if let moved = movedOn(ownJettonWallets) {
                return [.movement(try movement("gathered", .networkFee, balanceChange + moved, "moved to our own"))]
            }
            return [try sent(by: message, ownJettonWallets)]
        case .internal(let message): return try incoming(message, ownJettonWallets)
        case .externalOut, nil: return try fees("no message")
        }
    }

    /// The coins that moved to our other wallets, when nothing else was sent.
    ///
    /// The coins that our own jetton wallets need for fees are a fee.
    private func movedOn(_ ownJettonWallets: [TONAddress: AssetID]) -> Int128? {
        var moved: Int128 = 0
        guard account != relatives.main, !transaction.outMessages.isEmpty else { return nil }
        for message in transaction.outMessages {
            guard case .internal(let message) = message else { return nil }
            if relatives.areDestination(of: message, from: account) {
                moved += Int128(message.value)
            } else if !isDerived || ownJettonWallets[message.destination] == nil {
                return nil
            }
        }
        return moved
    }

    private func sent(
        by request: ExternalInMessage,
        _ ownJettonWallets: [TONAddress: AssetID]
    ) throws(ProviderError) -> Observation {
        let hash: CellHash
        do { hash = try request.normalizedHash() } catch { throw ProviderError(.malformed, error.description) }
        return try sent(as: hash.description, ownJettonWallets)
    }

    /// The observation of the wallet's messages; `name` is the hash under which a transfer of ours would be known.
    private func sent(
        as name: String,
        _ ownJettonWallets: [TONAddress: AssetID]
    ) throws(ProviderError) -> Observation {
        let movement = try movement("sent", .unexplained, balanceChange, "sent by the wallet's key")
        let signature = WalletSignature(
            wallet: account.raw,
            number: number,
            // The request's name, where it has one, because a highload wallet carries it out in two chain transactions.
            evidence: name.isEmpty ? transaction.hash.description : name,
            payments: payments(ownJettonWallets)
        )
        let sent = SentTransfer(
            naturalKey: key("sent"),
            hash: name,
            movement: movement,
            signature: signature
        )
        return .sent(sent)
    }

    /// The payments to others: coins, and jettons through the wallet's own jetton wallets.
    private func payments(_ ownJettonWallets: [TONAddress: AssetID]) -> [SentPayment] {
        transaction.outMessages.compactMap { message in
            guard case .internal(let message) = message, message.destination != account else { return nil }
            guard let asset = ownJettonWallets[message.destination] else {
                return SentPayment(
                    destination: message.destination.raw,
                    amount: Amount(asset: self.asset, units: Int256(message.value)),
                    comment: comment(in: message.body)
                )
            }
            guard case .jettonTransfer(let transfer) = MessageBody(reading: message.body),
                let destination = transfer.destination
            else { return nil }
            return SentPayment(
                destination: destination.raw,
                amount: Amount(asset: asset, units: Int256(transfer.amount)),
                comment: comment(in: transfer.forwardPayload),
                tag: "\(transfer.queryID)"
            )
        }
    }

    private func incoming(
        _ message: InternalMessage,
        _ ownJettonWallets: [TONAddress: AssetID]
    ) throws(ProviderError) -> [Observation] {
        // A wallet's message to itself carries its list of transfers; the request identifies them.
        if let request { return [try sent(by: request, ownJettonWallets)] }
        let isOwnJetton = message.source.map { ownJettonWallets[$0] != nil } ?? false
        if message.bounced {
            // Returned money is never a deposit; gas that our own jetton wallet did not use was booked as a fee.
            let kind: AccountMovement.Kind = isOwnJetton ? returnedKind(message) : .unexplained
            return [.movement(try movement("bounced", kind, balanceChange, "a message came back (bounced flag)"))]
        }
        if case .ok = transaction.description.bounce { return try fees("sent back to the sender (bounce phase)") }
        // Somebody has delivered a request signed by the key, or controls the wallet through a plugin or an extension.
        // We never send requests in this way.
        if sendsToOthers { return [try sent(as: "", ownJettonWallets)] }
        if relatives.areSource(of: message, at: account) {
            let fees = balanceChange - Int128(message.value)
            return [.movement(try movement("gathered", .networkFee, fees, "came from a wallet of our own"))]
        }
        if let source = message.source, coldWallets.contains(source) {
            return [.movement(try movement("in", .coldStorage, balanceChange, "came back from cold storage"))]
        }
        // Only we have the sender's key: the payment can be assigned to an invoice, but not returned to the sender.
        if let option = relatives.forgotten(message.source, saying: message.body) {
            return try deposit(message, comment: nil, payer: nil, emptied: option)
        }
        switch MessageBody(reading: message.body) {
        case .empty: return try deposit(message, comment: nil, payer: message.source)
        case .comment(Self.topUp):
            return [.movement(try movement("in", .ownFunds, balanceChange, "put in by the operator"))]
        case .comment(let bytes): return try deposit(message, comment: bytes, payer: message.source)
        case .excesses:
            let kind = returnedKind(message)
            return [.movement(try movement("excesses", kind, balanceChange, "unused fees came back"))]
        case .jettonNotification where isOwnJetton:
            let kind = returnedKind(message)
            return [.movement(try movement("notice", kind, balanceChange, "the notification of a jetton transfer"))]
        default:
            let isDust = message.value < Self.dust
            let reason = isDust ? "a service message" : "a message that is not a payment"
            let kind: AccountMovement.Kind = isDust ? .networkFee : .unexplained
            guard !balanceChangeIsZero else { return [.ignored(naturalKey: key("message"), reason: reason)] }
            return [.movement(try movement("message", kind, balanceChange, reason))]
        }
    }

    /// A plain transfer.
    ///
    /// An aborted chain transaction may still be a deposit: without code there is nothing to run, and the money stays.
    private func deposit(
        _ message: InternalMessage,
        comment: [UInt8]?,
        payer: TONAddress?,
        emptied option: PaymentOptionID? = nil
    ) throws(ProviderError) -> [Observation] {
        guard message.value > 0 else { return try fees("a transfer of 0") }
        let paid = IncomingTransfer(
            naturalKey: key(Self.coinPart),
            reference: reference(comment),
            amount: Amount(asset: asset, units: Int256(message.value)),
            payer: payer?.raw,
            refundTarget: payer?.raw,
            evidence: evidence(option),
            occurredAt: moment,
            availableAt: moment
        )
        let spent = balanceChange - Int128(message.value)
        guard spent != 0 else { return [.incoming(paid)] }
        return [.incoming(paid), .movement(try movement("fee", .networkFee, spent, "fees of receiving"))]
    }

    /// The kind of movement for coins that come with a message about jettons.
    ///
    /// Anybody can write such a message. Up to the coins that a request of ours carries, it is a returned fee; more
    /// opens a case.
    private func returnedKind(_ message: InternalMessage) -> AccountMovement.Kind {
        message.value <= TONProvider.jettonGas ? .networkFee : .unexplained
    }

    private func reference(_ comment: [UInt8]?) -> PaymentReference? {
        if isDerived { return Self.reference(to: owner) }
        // Our comments are always UTF-8.
        return comment.flatMap { TypedComment($0) }.map { Self.reference(comment: $0.text, to: owner) }
    }

    private var sendsToOthers: Bool {
        transaction.outMessages.contains { message in
            if case .internal(let message) = message { message.destination != account } else { false }
        }
    }

    private func fees(_ reason: String) throws(ProviderError) -> [Observation] {
        guard !balanceChangeIsZero else { return [.ignored(naturalKey: key("none"), reason: reason)] }
        return [.movement(try movement("fee", .networkFee, balanceChange, reason))]
    }

    /// Whether every amount can exist, so that sums never overflow: there are fewer than 2^63 nanotons.
    private var amountsExist: Bool {
        var amounts = [transaction.totalFees]
        for case .internal(let message)? in [transaction.inMessage] + transaction.outMessages {
            amounts += [message.value, message.forwardFee]
        }
        return amounts.allSatisfy { $0 >> 96 == 0 }
    }

    /// The change of the account's balance: received coins, less fees, less sent coins and their forwarding fees.
    var balanceChange: Int128 {
        var change = -Int128(transaction.totalFees)
        if case .internal(let message) = transaction.inMessage { change += Int128(message.value) }
        for case .internal(let message) in transaction.outMessages {
            change -= Int128(message.value) + Int128(message.forwardFee)
        }
        return change
    }

    private var balanceChangeIsZero: Bool { balanceChange == 0 }

    private func movement(
        _ part: String,
        _ kind: AccountMovement.Kind,
        _ nanotons: Int128,
        _ reason: String
    ) throws(ProviderError) -> AccountMovement {
        AccountMovement(
            naturalKey: key(part),
            kind: kind,
            amount: Amount(asset: asset, units: Int256(nanotons)),
            reason: reason,
            place: RailPlace(
                network: network.rawValue,
                account: account.raw,
                transaction: transaction.hash.description
            ),
            occurredAt: moment
        )
    }

    private func evidence(_ emptied: PaymentOptionID?) -> String {
        var members: [JSONValue.Member] = [
            .init("network", .string(network.rawValue)), .init("account", .string(account.raw)),
            .init("lt", .string("\(transaction.lt)")), .init("hash", .string("\(transaction.hash)")),
        ]
        if let emptied { members.append(.init("option", .string(emptied.text))) }
        return JSONValue.object(members).text
    }

    // MARK: - Jettons

    /// The observations of a chain transaction of our own jetton wallet.
    ///
    /// Only an internal transfer that the wallet has accepted is a credit; notifications decide nothing.
    func jettonObservations() -> [Observation] {
        guard case .internal(let message) = transaction.inMessage else {
            return [ignored("no message between accounts")]
        }
        if message.bounced { return [ignored("a transfer of ours came back")] }
        guard !transaction.description.aborted, transaction.description.didExecute else {
            return [ignored("the jetton wallet refused it")]
        }
        switch MessageBody(reading: message.body) {
        case .jettonInternalTransfer(let credit) where relatives.areSource(of: credit):
            return [ignored("came from a wallet of our own")]
        case .jettonInternalTransfer(let credit) where credit.amount > 0 && isCold(credit.from):
            return [
                .movement(
                    AccountMovement(
                        naturalKey: key("jetton"),
                        kind: .coldStorage,
                        amount: Amount(asset: asset, units: Int256(credit.amount)),
                        reason: "came back from cold storage",
                        occurredAt: moment
                    )
                )
            ]
        case .jettonInternalTransfer(let credit) where credit.amount > 0:
            let option = relatives.forgotten(credit.from, saying: credit.forwardPayload)
            let payer = option == nil ? credit.from?.raw : nil
            return [
                .incoming(
                    IncomingTransfer(
                        naturalKey: key(Self.jettonPart),
                        reference: reference(comment(in: credit.forwardPayload)),
                        amount: Amount(asset: asset, units: Int256(credit.amount)),
                        payer: payer,
                        refundTarget: payer,
                        evidence: evidence(option),
                        occurredAt: moment,
                        availableAt: moment
                    )
                )
            ]
        case .other(op: MessageBody.Op.jettonInternalTransfer):
            return [unread("a credit of jettons that cannot be read")]
        case .jettonTransfer: return [ignored("sent by the owner's wallet, booked with the transfer")]
        default: return [ignored("no transfer")]
        }
    }

    private func isCold(_ sender: TONAddress?) -> Bool { sender.map(coldWallets.contains) ?? false }

    private func comment(in payload: Cell) -> [UInt8]? {
        if case .comment(let bytes) = MessageBody(reading: payload) { return bytes }
        return nil
    }

    /// The observation of a credit whose amount is unknown.
    private func unread(_ reason: String) -> Observation {
        let found = SetAside(
            naturalKey: key("unread"),
            account: account.raw,
            asset: asset,
            units: nil,
            cause: .unreadable,
            explanation: reason,
            occurredAt: moment
        )
        return .setAside(found, bytes: (try? transaction.cell.serialized()) ?? [])
    }

    private func ignored(_ reason: String) -> Observation {
        .ignored(naturalKey: key("jetton"), reason: reason)
    }
}
