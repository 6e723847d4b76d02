import Cryptography
import Payments
import Providers
import Seams
package import Storage

/// The inbox: what rails push is kept, sealed, until it is dealt with.
extension Settlement {
    /// Keeps a message that a rail has pushed, sealed, before its arrival is confirmed.
    ///
    /// - Parameters:
    ///   - message: the bytes as they came.
    ///   - source: the inbox, for example `telegram:shop`.
    ///   - key: the rail's own number of the message, by which it is kept once.
    /// - Throws: what the database throws, and `CryptographyError`.
    /// - Returns: whether it is new.
    @discardableResult
    package func keep(message: [UInt8], from source: String, key: String) async throws -> Bool {
        let arrived = ArrivedMessage(
            source: source,
            key: key,
            place: try await place(of: message, from: source, key: key),
            sealed: try personalData.seal(message: message, from: source, key: key)
        )
        let now = clock.now()
        return try await writeShared { try $0.appendInbox(arrived, at: now) }
    }

    /// The bytes of a message as they came.
    ///
    /// - Throws: `CryptographyError` when it was sealed under another key, or was moved to another message's place.
    package func bytes(of message: InboxMessage) throws -> [UInt8] {
        try personalData.open(message: message.body, from: message.source, key: message.key)
    }

    // MARK: - Lanes

    /// What a message names that is known.
    private struct Names {
        var lane: String?
        var paid: [UInt8]?
        var returned: [UInt8]?
    }

    /// The place of a message, as the providers of its inbox read it; one that names nothing known has a lane of its own.
    private func place(of message: [UInt8], from source: String, key: String) async throws -> InboxPlace {
        var (names, isMoney) = (Names(), false)
        for provider in providers.providers {
            guard let push = provider.push, push.source == source else { continue }
            guard let meanings = try? push.interpret(message) else {
                // What cannot be read is set aside.
                isMoney = true
                continue
            }
            for meaning in meanings where meaning != .nothing {
                isMoney = true
                if names.lane == nil { names = try await self.names(in: meaning, at: provider.key) }
            }
        }
        return InboxPlace(
            lane: names.lane ?? "message \(source) \(key)",
            isMoney: isMoney,
            paid: names.paid,
            returned: names.returned
        )
    }

    private func names(in meaning: PushedMessage, at provider: String) async throws -> Names {
        switch meaning {
        case .observation(.incoming(let transfer)):
            let lane = try await lane(of: transfer.reference, at: provider)
            let digest = Self.digest(transfer.naturalKey)
            return Names(lane: lane ?? Self.lane(ofPayment: digest), paid: digest)
        case .observation(.refunded(_, let payment, _, _)):
            // While its payment is not known it waits for that, and must not hold up the payment's own lane.
            return Names(lane: try await lane(ofRecorded: payment, at: provider), returned: Self.digest(payment))
        case .subscription(let reference, _):
            return Names(lane: try await lane(of: reference, at: provider))
        case .observation, .question, .nothing: return Names()
        }
    }

    private func lane(of reference: PaymentReference?, at provider: String) async throws -> String? {
        guard let reference else { return nil }
        return try await lookUp { try $0.lane(of: reference, at: provider) }
    }

    private func lane(ofRecorded payment: NaturalKey, at provider: String) async throws -> String? {
        try await lookUp { session in
            guard let found = try session.payment(naturalKey: payment, at: provider) else { return nil }
            guard let id = found.invoice, let invoice = try session.invoice(id) else {
                return Self.lane(ofPayment: Self.digest(payment))
            }
            return InboxPlace.lane(of: invoice.id, of: invoice.paymentLink, of: invoice.subscription)
        }
    }

    /// The result of a query for what a stranger has named; what the database cannot look up names nothing of ours.
    private func lookUp(_ body: @escaping @Sendable (any SQLSession) throws -> String?) async throws -> String? {
        do { return try await database.lookUp(body) } catch  where error.liesInWhatIsRecorded { return nil }
    }

    private static func digest(_ key: NaturalKey) -> [UInt8] { SHA256.hash(Array(key.text.utf8)) }
    private static func lane(ofPayment digest: [UInt8]) -> String { "payment \(Hex.encode(digest))" }
}
