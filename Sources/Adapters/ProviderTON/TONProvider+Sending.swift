import Cryptography
import HTTPMessages
package import Money
package import Payments
package import Providers
import Seams
import TON

extension TONProvider: TransferSending {
    /// The coins that a jetton transfer carries for its fees, in nanotons; the unused part comes back.
    static let jettonGas: UInt128 = 50_000_000
    /// The coins that have to stay for fees, in nanotons.
    static let reserve: UInt128 = 20_000_000
    /// A wallet that numbers its requests takes one at a time, which may carry many transfers.
    package var lane: Lane? {
        if case .numbered = wallet { Lane("ton:\(address.raw)", limit: 1) } else { nil }
    }

    /// The usual cost of a request, in nanotons, which its transfers share.
    private static let usualRequestFee: Int64 = 4_000_000
    /// The usual cost of each transfer, in nanotons: one message, or three with jettons, whose unused gas comes back.
    private static let usualFee: (coin: Int64, jetton: Int64) = (2_000_000, 33_000_000)

    /// The usual fee of such a transfer at the network's fixed prices, when it is sent alone.
    package func expectedFee(of order: TransferOrder) -> Amount? { expectedFee(of: order, among: 1) }

    /// The usual fee of such a transfer at the network's fixed prices, and its part of the request's.
    ///
    /// Every bit and cell of its comment is counted in each message that carries it. The network's own count is a little
    /// lower, because it leaves out what fits the first cell of a message.
    package func expectedFee(of order: TransferOrder, among count: Int) -> Amount? {
        let own = commentFee(of: order) + (order.amount.asset == coin ? Self.usualFee.coin : Self.usualFee.jetton)
        let sharing = Int64(clamping: max(count, 1))
        return Amount(asset: coin, units: Int256(own + (Self.usualRequestFee + sharing - 1) / sharing))
    }

    /// What the network charges for carrying an order's comment and for a receiver on the masterchain, in nanotons, in
    /// addition to the usual fee.
    func commentFee(of order: TransferOrder) -> Int64 {
        let prices = ForwardPrices.basechain
        var last = prices
        if let text = try? AddressText(order.destination), text.address.workchain == -1 { last = .masterchain }
        let dearer = last.lump - prices.lump
        guard let comment = order.comment, let tree = try? MessageBody.cell(comment: Array(comment.utf8)) else {
            return dearer
        }
        // The request carries it, and so does a highload wallet's message to itself. Jettons take it to our jetton wallet,
        // from there to the receiver's, and with the notification to the receiver.
        var copies: Int64 = order.amount.asset == coin ? 1 : 3
        if case .highload = wallet { copies += 1 }
        return dearer + prices.price(of: tree) * copies + last.price(of: tree)
    }

    /// The most that one transfer may need for fees and storage, in addition to the coins that it carries, in nanotons.
    private static let feeCeiling: UInt128 = 100_000_000

    /// A ceiling for the network's prices, and with jettons also the coins that they carry.
    package func mostCharged(for prepared: PreparedTransfer, of asset: AssetID) -> Amount? {
        let nanotons = Self.feeCeiling + (asset == coin ? 0 : Self.jettonGas)
        return Amount(asset: coin, units: Int256(nanotons))
    }

    /// Signs a wallet message for an order.
    ///
    /// - Throws: `ProviderError`.
    package func prepare(
        _ order: TransferOrder,
        under permit: SigningPermit
    ) async throws(ProviderError) -> PreparedTransfer {
        let batch = try await prepare([order], after: nil, under: permit)
        if let prepared = batch.prepared[order.id] { return prepared }
        throw ProviderError(.refused, batch.refused[order.id] ?? "it was not signed")
    }

    /// How far the node's clock may be ahead.
    private static let maximumLead = Duration.seconds(60)

    /// The head, which has to be fresh enough for its time to be used in signatures.
    func freshHead() async throws(ProviderError) -> ToncenterClient.Head {
        let head = try await payer.head()
        guard clock.now().since(head.time) <= configuration.maximumLag else {
            throw ProviderError(.lagging, "the node is too far behind to sign anything")
        }
        // A request signed with a time in the future could take effect longer than it is looked for.
        guard head.time.since(clock.now()) <= Self.maximumLead else {
            throw ProviderError(.lagging, "the node's last block is of \(head.time), which is in the future")
        }
        return head
    }

    func walletMessage(for order: TransferOrder) throws(ProviderError) -> WalletMessage {
        let account: String
        do { account = try self.account(of: order.destination, for: order.amount.asset) } catch {
            throw ProviderError(.refused, error.reason)
        }
        do throws(TONError) {
            let destination = try TONAddress(account)
            guard let units = UInt128(exactly: order.amount.units), units > 0, units < 1 << 120 else {
                throw TONError(.overflow, "the amount does not fit TON")
            }
            let comment: Cell? =
                if let comment = order.comment { try MessageBody.cell(comment: Array(comment.utf8)) } else { nil }
            guard let jetton = jetton(order.amount.asset) else {
                guard order.amount.asset == coin else {
                    throw TONError(.malformedStructure, "the asset is not sent here")
                }
                // Not bounceable: bounced money would come back without the comment that identifies the transfer.
                return try WalletMessage(to: destination, amount: units, bounce: false, body: comment, mode: 1)
            }
            let payload = if let comment { comment } else { try Cell.empty() }
            let transfer = JettonTransfer(
                queryID: Self.queryID(order.id),
                amount: units,
                destination: destination,
                responseDestination: address,
                forwardAmount: 1,
                forwardPayload: payload
            )
            return try WalletMessage(
                to: jetton.wallet(of: address),
                amount: Self.jettonGas,
                bounce: true,
                body: transfer.cell(),
                mode: 1
            )
        } catch { throw ProviderError(.refused, "\(error)") }
    }

    static func queryID(_ order: String) -> UInt64 {
        SHA256.hash(Array(order.utf8)).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }

    /// Broadcasts the stored message.
    ///
    /// Whatever the nodes answer, only the chain shows the transfer's fate. When one refuses the bytes themselves, all
    /// others are asked.
    package func submit(_ prepared: PreparedTransfer) async -> SubmissionOutcome {
        var refusal: MessageRefusal?
        for node in [client] + readers.dropFirst() + witnesses {
            do {
                try await node.asked(for: .payout).send(prepared.bytes)
                return .accepted
            } catch {
                guard let found = MessageRefusal(error) else { return .unknown(reason: error.reason) }
                refusal = refusal ?? found
            }
        }
        return refusal.map { .unsendable(reason: $0.sentence(of: prepared.bytes.count)) }
            ?? .unknown(reason: "there is no node")
    }
}
