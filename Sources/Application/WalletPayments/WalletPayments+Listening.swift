import HTTPMessages
import Logging
import Money
import Payments
import Providers
import Seams
import Settlement
import Storage
import TONConnect

/// The messages between the gateway and the wallets.
extension WalletPayments {
    /// How long a bridge that failed is left alone.
    private static let pause = Duration.seconds(2)
    /// How long a customer has to agree in the wallet.
    private static let decision = Duration.seconds(300)
    /// The number of our one payment request in a session.
    private static let question = "1"
    /// The number of our disconnect request.
    private static let farewell = "2"

    /// Listens to the bridges of all open sessions until the task is cancelled.
    ///
    /// Several gateways on one database may all listen: only one of them brings a session a step further.
    ///
    /// - Parameter interval: how long it rests between two looks for new sessions.
    package func run(every interval: Duration) async {
        guard !wallets.isEmpty else { return }
        await withTaskGroup(of: WalletSessionID?.self) { group in
            var heard: Set<WalletSessionID> = []
            group.addTask { await rest(interval) }
            while let finished = await group.next() {
                if let finished {
                    heard.remove(finished)
                    continue
                }
                guard !Task.isCancelled else { break }
                for session in await open() where heard.insert(session.opening.id).inserted {
                    group.addTask { await listen(to: session) }
                }
                group.addTask { await rest(interval) }
            }
            group.cancelAll()
        }
    }

    private func rest(_ interval: Duration) async -> WalletSessionID? {
        try? await settlement.clock.sleep(for: interval)
        return nil
    }

    private func open() async -> [WalletSession] {
        let now = settlement.clock.now()
        do {
            return try await settlement.database.read { try $0.openWalletSessions(at: now, limit: limit) }
        } catch {
            logger.warning("wallet sessions cannot be read: \(error)")
            return []
        }
    }

    /// Listens to one session's bridge until there is nothing more to hear, or the bridge is gone.
    private func listen(to session: WalletSession) async -> WalletSessionID {
        let bridge = Bridge(url: session.opening.bridge, transport: transport)
        do {
            let keys = try keys(of: session)
            let left = session.opening.expiresAt.since(settlement.clock.now())
            try await bridge.listen(as: keys.clientID, after: session.lastEvent, for: left) { letter in
                guard let bytes = try? keys.open(letter.sealed, from: letter.sender),
                    let message = try? WalletMessage(bytes)
                else { return true }
                return try await take(Heard(message: message, letter: letter, keys: keys, session: session))
            }
        } catch  where !Task.isCancelled {
            logger.warning("a wallet's session is interrupted: \(error)")
            try? await settlement.clock.sleep(for: Self.pause)
        } catch {}
        return session.opening.id
    }

    /// A message of a wallet, opened.
    private struct Heard: Sendable {
        let message: WalletMessage
        let letter: Bridge.Letter
        let keys: SessionKeys
        let session: WalletSession

        /// The event that the message means for the session.
        var event: WalletSession.Event? {
            switch message {
            case .connected(let account, let network):
                .connected(peer: letter.sender, account: account, network: network)
            case .refusedToConnect: .declined
            case .sent(question, _): .sent
            case .refused(question, let isByCustomer, _):
                isByCustomer ? .declined : .failed(reason: Reason.refused.rawValue)
            case .disconnected: .failed(reason: Reason.disconnected.rawValue)
            case .sent, .refused: nil
            }
        }
    }

    /// Applies a wallet's message to its session.
    ///
    /// - Returns: whether to listen on.
    private func take(_ heard: Heard) async throws -> Bool {
        let opening = heard.session.opening
        guard let event = heard.event else { return true }
        guard let network = try await network(of: opening) else { return false }
        let step = try await settlement.database.write { session -> (session: WalletSession, asks: Bool)? in
            guard let stored = try session.walletSession(opening.id) else { return nil }
            var next = stored
            let actions = next.apply(event, from: heard.letter.sender, on: network)
            next.lastEvent = heard.letter.eventID ?? next.lastEvent
            return try session.update(next, from: stored) ? (next, actions.contains(.ask)) : nil
        }
        guard let step else { return false }
        if step.asks { await ask(step.session, heard.keys) }
        if !step.session.state.isOpen, event != .failed(reason: Reason.disconnected.rawValue) {
            try? await send(.disconnect, Self.farewell, step.session, heard.keys)
        }
        return step.session.state.isOpen
    }

    private func network(of opening: WalletSession.Opening) async throws -> String? {
        let options = try await settlement.database.read { try $0.options(of: opening.invoice) }
        guard let option = options.first(where: { $0.id == opening.option }) else { return nil }
        return settlement.providers.provider(option.provider)?.customerWallets?.walletNetwork
    }

    /// Asks a wallet to pay, once: a request whose answer is lost is not sent again, or the customer might pay twice.
    private func ask(_ session: WalletSession, _ keys: SessionKeys) async {
        do {
            let request = try await request(to: session)
            try await send(.sendTransaction(request), Self.question, session, keys)
        } catch let error as WalletPaymentError where error.code == .notPayable {
            await fail(session, .closed)
        } catch {
            logger.warning("a wallet cannot be asked to pay: \(error)")
            await fail(session, .unreachable)
        }
    }

    private func fail(_ session: WalletSession, _ reason: Reason) async {
        var failed = session
        _ = failed.apply(.failed(reason: reason.rawValue), from: nil, on: "")
        let after = failed
        _ = try? await settlement.database.write { try $0.update(after, from: session) }
    }

    private func send(
        _ request: AppRequest,
        _ number: String,
        _ session: WalletSession,
        _ keys: SessionKeys
    ) async throws {
        guard let peer = session.peer else { return }
        let bridge = Bridge(url: session.opening.bridge, transport: transport)
        let sealed = try keys.seal(request.json(id: number), for: peer, random: random)
        try await bridge.send(sealed, from: keys.clientID, to: peer, topic: request.method)
    }

    /// The transfer that the wallet has to send: the amount that is still missing, at a quote that holds.
    private func request(to session: WalletSession) async throws -> AppRequest.Transfer {
        let now = settlement.clock.now()
        let found = try await settlement.renewQuotes(of: session.opening.invoice)
        let invoice = found.invoice
        guard let option = found.options.first(where: { $0.id == session.opening.option }),
            let account = session.account,
            let wallets = settlement.providers.provider(option.provider)?.customerWallets,
            invoice.status.state.isPayable, now <= invoice.expiresAt
        else { throw WalletPaymentError(.notPayable, "the invoice can no longer be paid") }
        let isPartlyPaid = invoice.status.received.isPositive
        let due = isPartlyPaid ? try option.cost(of: invoice.status.remaining) : option.due
        let transfers = try wallets.walletMessages(paying: due, of: option, from: account)
        let ends = [now.advanced(by: Self.decision), invoice.expiresAt] + (option.quote.map { [$0.validUntil] } ?? [])
        return AppRequest.Transfer(
            validUntil: ends.min() ?? now,
            network: wallets.walletNetwork,
            from: account,
            messages: transfers.map {
                AppRequest.Message(address: $0.address, amount: "\($0.units)", payload: $0.payload)
            }
        )
    }
}
