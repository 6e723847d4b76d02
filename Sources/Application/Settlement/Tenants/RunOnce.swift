package import Payments
package import Records
import Seams
import Storage

/// The object that a request makes, by which it is known whether a failed request has made it.
package enum MadeObject: Hashable, Sendable {
    case apiKey(APIKeyID)
    case bot(BotID)
    case endpoint(WebhookEndpointID)
    case invoice(InvoiceID)
    case merchant(MerchantID)
    case paidMedia(PaidMediaID)
    case paymentLink(PaymentLinkID)
    case payout(PayoutID)
    case payoutDestination(PayoutDestinationID)
    case refund(RefundID)
    case subscription(SubscriptionID)
    /// Nothing new: a repeated request makes the change again, when its answer was not told.
    case change(WebhookEndpointID)
}

/// Requests with an idempotency key: a merchant may send them again, and they run once.
extension Settlement {
    /// How long a request that is running keeps out others with the same idempotency key.
    ///
    /// One that takes longer may run beside its repetition; both make the object with the same identifier, once.
    private static let claimLease = Duration.seconds(10)

    /// Claims a request.
    ///
    /// - Parameters:
    ///   - scope: the request.
    ///   - fingerprint: a digest of what is asked.
    ///   - object: the identifier of the object to make, if this is the first attempt.
    /// - Throws: what the database throws.
    /// - Returns: what became of it.
    package func claim(
        _ scope: IdempotencyScope,
        fingerprint: [UInt8],
        object: String
    ) async throws -> IdempotencyClaim {
        let (now, start) = (clock.now(), database.isShared ? nil : began)
        return try await write(for: scope.merchant) { session in
            try session.claimIdempotency(
                scope,
                fingerprint: fingerprint,
                object: object,
                at: now,
                until: now.advanced(by: Self.claimLease),
                aloneSince: start
            )
        }
    }

    /// Stores the answer of a request, for a repeated request.
    ///
    /// - Throws: what the database throws.
    package func finish(_ scope: IdempotencyScope, status: Int, body: String) async throws {
        try await write(for: scope.merchant) { try $0.finishIdempotency(scope, status: status, body: body) }
    }

    /// Gives up a request that was refused: when it has made nothing, its idempotency key is free for another try.
    ///
    /// - Throws: what the database throws.
    package func giveUp(_ scope: IdempotencyScope, making object: MadeObject) async throws {
        let now = clock.now()
        try await write(for: scope.merchant) { session in
            if try isMade(object, in: session) {
                try session.releaseIdempotency(scope, at: now)
            } else {
                try session.freeIdempotency(scope, at: now)
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
        case .payoutDestination(let id): try session.payoutDestination(id) != nil
        case .refund(let id): try session.outgoing(id.text) != nil
        case .subscription(let id): try session.subscription(id) != nil
        case .change: false
        }
    }
}
