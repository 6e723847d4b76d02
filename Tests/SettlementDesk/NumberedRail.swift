package import Money
package import Payments
package import Providers
package import Seams
import Synchronization

/// A chain with one wallet, whose key several gateways may hold: it takes each number once, and remembers all.
package final class NumberedChain: Sendable {
    /// How the wallet takes numbers.
    package enum Numbering: String, CaseIterable, Sendable {
        case inTurn
        case inAnyOrder
    }

    /// A request that the wallet's key has signed.
    package struct Request: Hashable, Sendable {
        package let hash: String
        package let number: Int64
        package let payment: SentPayment

        package init(hash: String, number: Int64, payment: SentPayment) {
            self.hash = hash
            self.number = number
            self.payment = payment
        }
    }

    package static let modulus: Int64 = 1 << 20

    package let numbering: Numbering
    private let taken = Mutex<[Request]>([])
    private let waiting = Mutex<[Request]>([])

    private let scale = Mutex(1)

    /// How many times its amount each request moves, as a token might.
    package var factor: Int {
        get { scale.withLock { $0 } }
        set { scale.withLock { $0 = newValue } }
    }

    package init(_ numbering: Numbering) { self.numbering = numbering }

    /// The requests that took effect, in order.
    package var requests: [Request] { taken.withLock { $0 } }

    /// How often each receiver was paid.
    package var paid: [String: Int] { requests.reduce(into: [:]) { $0[$1.payment.destination, default: 0] += 1 } }

    package var next: Int64 { Int64(taken.withLock(\.count)) }

    /// Puts a request into the nodes' pool.
    package func delay(_ request: Request) { waiting.withLock { $0.append(request) } }

    package var pending: Int64 { next + Int64(waiting.withLock(\.count)) }

    /// Removes a request, as a reorganisation does.
    package func drop(_ hash: String) { taken.withLock { taken in taken.removeAll { $0.hash == hash } } }

    /// Applies the requests of the pool.
    package func land() {
        let all = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        for request in all { take(request) }
    }

    package func take(_ request: Request) {
        taken.withLock { taken in
            let isNext =
                switch numbering {
                case .inTurn: request.number == Int64(taken.count)
                case .inAnyOrder: !taken.contains { $0.number % Self.modulus == request.number % Self.modulus }
                }
            if isNext { taken.append(request) }
        }
    }
}

/// A gateway's provider on a ``NumberedChain``.
package final class NumberedRail: PaymentProvider, TransferSending, TransferScanning {
    package let key = "numbered"
    package let rail = Rail.ton
    package let chain: NumberedChain
    package let asset: AssetID
    private let name: String
    private let first: Int64
    private let signed = Mutex<[String: NumberedChain.Request]>([:])
    private let clock: any WallClock
    private let meanwhile = Mutex<(@Sendable () async throws -> Void)?>(nil)

    /// A provider whose signatures begin with `name`, and whose numbers begin with `first` when taken in any order.
    package init(_ chain: NumberedChain, name: String, first: Int64, asset: AssetID, clock: any WallClock) {
        self.chain = chain
        self.name = name
        self.first = first
        self.asset = asset
        self.clock = clock
    }

    /// Runs a closure during the next reading of the wallet.
    package func whileReading(_ body: @escaping @Sendable () async throws -> Void) {
        meanwhile.withLock { $0 = body }
    }

    /// How many signatures were made.
    package var signatures: Int { signed.withLock(\.count) }

    package var accountNames: [String] { [key] }
    package var capabilities: ProviderCapabilities { .everything(in: asset) }
    package var push: (any PushReceiving)? { nil }
    package var scan: (any TransferScanning)? { self }
    package var send: (any TransferSending)? { self }
    package var state: (any BalanceStating)? { nil }

    package func open(_ request: OpenRequest) async throws(ProviderError) -> OpenedOption {
        throw ProviderError(.unsupported, "nobody pays here")
    }

    package var lane: Lane? { chain.numbering == .inTurn ? Lane("lane", limit: 3) : nil }

    package func account(of destination: String, for asset: AssetID) throws(DestinationRefusal) -> String {
        destination
    }

    package var wallets: [String] { ["hot"] }

    package func readWallet(
        _ wallet: String?,
        scannedTo position: String?
    ) async throws(ProviderError) -> WalletReading {
        let numbers: WalletNumbers
        switch chain.numbering {
        case .inTurn: numbers = .inTurn(next: chain.next, pending: chain.pending)
        case .inAnyOrder:
            let taken = Set(chain.requests.map { $0.number % NumberedChain.modulus })
            numbers = .inAnyOrder(taken: taken, modulus: NumberedChain.modulus, since: 0)
        }
        let body = meanwhile.withLock { body in
            defer { body = nil }
            return body
        }
        do { try await body?() } catch { throw ProviderError(.unavailable, "\(error)") }
        return WalletReading(wallet: "hot", numbers: numbers)
    }

    package func appearance(of order: TransferOrder) -> SentPayment? {
        SentPayment(
            destination: order.destination,
            amount: order.amount,
            comment: order.comment.map { Array($0.utf8) }
        )
    }

    package func prepare(
        _ order: TransferOrder,
        under permit: SigningPermit
    ) async throws(ProviderError) -> PreparedTransfer {
        guard let payment = appearance(of: order) else { throw ProviderError(.refused, "no order") }
        return signed.withLock { signed in
            let number = permit.number ?? first + Int64(signed.count)
            let hash = "\(name) \(signed.count)"
            signed[hash] = NumberedChain.Request(hash: hash, number: number, payment: payment)
            return PreparedTransfer(bytes: Array(hash.utf8), hash: hash, sequence: number, validUntil: nil)
        }
    }

    package func submit(_ prepared: PreparedTransfer) async -> SubmissionOutcome {
        if let request = signed.withLock({ $0[prepared.hash] }) { chain.take(request) }
        return .accepted
    }

    package func fate(
        of prepared: PreparedTransfer,
        for order: TransferOrder
    ) async throws(ProviderError) -> TransferFate {
        if chain.requests.contains(where: { $0.hash == prepared.hash }) {
            return .confirmed(evidence: prepared.hash, fee: nil, at: clock.now())
        }
        let isUsed = chain.numbering == .inTurn && chain.next > (prepared.sequence ?? 0)
        return isUsed ? .displaced(reason: "something else has used its number", at: clock.now()) : .pending
    }

    package var standingAccounts: [ScanAccount] { [ScanAccount(account: "hot", subject: "coin")] }

    package func page(
        of account: ScanAccount,
        after position: String?,
        watching: any AccountWatching
    ) async throws(ProviderError) -> ScanPage {
        let all = chain.requests
        var observations: [Observation] = []
        for (index, request) in all.enumerated().dropFirst(position.flatMap { Int($0) } ?? 0) {
            let asked = request.payment.amount
            let moved: Amount
            let amount: Amount
            do {
                moved = try Amount.sum((0..<chain.factor).map { _ in asked }, asset: asked.asset)
                amount = try moved.negated()
            } catch { throw ProviderError(.malformed, "\(error)") }
            let key = NaturalKey("numbered", "\(index)")
            observations.append(
                .sent(
                    SentTransfer(
                        naturalKey: key,
                        hash: request.hash,
                        movement: AccountMovement(
                            naturalKey: key,
                            kind: .unexplained,
                            amount: amount,
                            reason: "sent by the wallet's key",
                            occurredAt: clock.now()
                        ),
                        signature: WalletSignature(
                            wallet: "hot",
                            number: request.number % NumberedChain.modulus,
                            evidence: request.hash,
                            payments: [request.payment]
                        ),
                        moved: moved
                    )
                )
            )
        }
        return ScanPage(
            observations: observations,
            position: "\(all.count)",
            hasMore: false,
            completeUntil: clock.now()
        )
    }
}
