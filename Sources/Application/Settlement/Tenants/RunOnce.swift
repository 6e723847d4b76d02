package import Payments
package import Records
import Seams
import Storage

/// What a request makes, so that one that failed knows whether it has made it.
package enum MadeObject: Hashable, Sendable {
    case apiKey(APIKeyID)
    case bot(BotID)
    case endpoint(WebhookEndpointID)
    case invoice(InvoiceID)
    case merchant(MerchantID)
    case paidMedia(PaidMediaID)
    case paymentLink(PaymentLinkID)
    case payout(PayoutID)
    case refund(RefundID)
    case subscription(SubscriptionID)
    /// Nothing new: what was changed and not told is changed again, by a request that asks again.
    case change(WebhookEndpointID)
}

/// Requests that a merchant may send again, and that are run once.
extension Settlement {
    /// How long a request that is being run keeps others with the same key out.
    private static let claimLease = Duration.seconds(30)

    /// Claims a request.
    ///
    /// - Parameters:
    ///   - scope: the request.
    ///   - fingerprint: a digest of what is asked.
    ///   - object: the identifier of what is made, if this is the first attempt.
    /// - Throws: what the database throws.
    /// - Returns: what became of it.
    package func claim(
        _ scope: IdempotencyScope,
        fingerprint: [UInt8],
        object: String
    ) async throws -> IdempotencyClaim {
        let now = clock.now()
        return try await write(for: scope.merchant) { session in
            try session.claimIdempotency(
                scope,
                fingerprint: fingerprint,
                object: object,
                at: now,
                until: now.advanced(by: Self.claimLease)
            )
        }
    }

    /// Keeps the answer of a request for whoever asks again.
    ///
    /// - Throws: what the database throws.
    package func finish(_ scope: IdempotencyScope, status: Int, body: String) async throws {
        try await write(for: scope.merchant) { try $0.finishIdempotency(scope, status: status, body: body) }
    }

    /// Gives up a request that was refused: what was refused before anything was made leaves the key free for another try.
    ///
    /// - Throws: what the database throws.
    package func giveUp(_ scope: IdempotencyScope, making object: MadeObject) async throws {
        let now = clock.now()
        try await write(for: scope.merchant) { session in
            if try isMade(object, in: session) {
                try session.releaseIdempotency(scope, at: now)
            } else {
                try session.forgetIdempotency(scope)
            }
        }
    }

    private func isMade(_ object: MadeObject, in session: any SQLSession) throws -> Bool {
        switch object {
        case .apiKey(let id): try session.apiKey(id) != nil
        case .bot(let id): try session.bot(id) != nil
        case .endpoint(let id): try session.endpoint(id) != nil
        case .invoice(let id): try session.invoice(id) != nil
        case .merchant(let id): try session.merchant(id) != nil
        case .paidMedia(let id): try session.paidMedia(id) != nil
        case .paymentLink(let id): try session.paymentLink(id) != nil
        case .payout(let id): try session.outgoing(id.text) != nil
        case .refund(let id): try session.outgoing(id.text) != nil
        case .subscription(let id): try session.subscription(id) != nil
        case .change: false
        }
    }
}
