import Ledger
package import Money
package import Payments
package import Records
package import Seams

/// Refunds and payouts.
extension SQLSession {
    static var outgoingColumns: String {
        """
        t.id, t.kind, t.payment, t.merchant, t.provider, t.asset, t.amount, t.destination, t.comment, t.reason, t.state,
        t.prepared, t.hash, t.sequence, t.valid_until, t.fee_asset, t.fee, t.failure, t.created_at, t.finished_at,
        t.position, t.quote, t.concluded_at, t.version
        """
    }

    /// Stores a new transfer; it is due at once.
    package func insert(_ transfer: OutgoingTransfer) throws {
        if transfer.status.state == .awaitingPayment { group.storedWork.insert(.transfers) }
        let (kind, payment): (OutgoingKind, PaymentID?) =
            switch transfer.purpose {
            case .refund(_, let payment): (.refund, payment)
            case .payout: (.payout, nil)
            }
        try execute(
            """
            INSERT INTO outgoing (book, id, kind, payment, merchant, provider, asset, amount, destination, comment, reason,
            state, created_at, finished_at, next_attempt_at, quote)
            VALUES ($16, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            """,
            [
                .transfer(transfer.purpose.id), .code(kind), .id(payment), .id(transfer.merchant),
                .text(transfer.provider),
                .asset(transfer.amount), .units(transfer.amount), .text(transfer.destination), .text(transfer.comment),
                .text(transfer.reason), .code(transfer.status.state), .moment(transfer.createdAt),
                .moment(transfer.finishedAt), .moment(transfer.createdAt),
                .text(transfer.quote.map(QuoteText.write)), try place(of: transfer.merchant),
            ]
        )
    }

    /// Stores the payment provider's own number of a refund that was made there.
    ///
    /// A number is unique within a provider and a merchant: several merchants may share a bot, and none learns of
    /// another's refunds or blocks a number for it.
    package func setElsewhere(_ reference: String, of id: String) throws {
        try executeOne(
            """
            UPDATE outgoing SET elsewhere = $1, hash = $1, prepared = $2, version = version + 1
            WHERE \(within()) AND id = $3
            """,
            [.text(reference), .blob([]), .transfer(id)]
        )
    }

    /// A merchant's refund by the payment provider's own number.
    package func outgoing(
        elsewhere reference: String,
        provider: String,
        merchant: MerchantID
    ) throws -> OutgoingTransfer? {
        try first(
            """
            SELECT \(Self.outgoingColumns) FROM outgoing t
            WHERE t.book = $4 AND t.provider = $1 AND t.merchant = $3 AND t.elsewhere = $2
            """,
            [.text(provider), .text(reference), .id(merchant), .integer(try book(of: merchant).number)]
        ) { try $0.outgoing() }
    }

    /// Stores the status of a transfer, if its stored state is still `old`.
    ///
    /// A nil lane keeps the one that was stored when it was signed.
    ///
    /// - Returns: whether it did; when not, somebody else was first and nothing is changed.
    package func update(
        _ transfer: OutgoingTransfer,
        from old: PayoutStateMachine.State,
        lane: String?,
        nextAttemptAt: Timestamp
    ) throws -> Bool {
        let place = try place(of: transfer.merchant)
        let isFirst =
            try change(
                """
                UPDATE outgoing SET state = $1, prepared = $2, hash = $3, sequence = $4, valid_until = $5,
                lane = COALESCE($6, lane), fee_asset = $7, fee = $8, failure = $9, finished_at = $10, next_attempt_at = $11,
                position = $12, concluded_at = $13, version = $17 WHERE book = $16 AND id = $14 AND state = $15
                """,
                [
                    .code(transfer.status.state), .blob(transfer.prepared?.bytes), .text(transfer.prepared?.hash),
                    .integer(transfer.prepared?.sequence), .moment(transfer.prepared?.validUntil), .text(lane),
                    .asset(transfer.networkFee), .units(transfer.networkFee), .text(transfer.failure),
                    .moment(transfer.finishedAt), .moment(nextAttemptAt),
                    .integer(Int64(transfer.prepared?.position ?? 0)), .moment(transfer.concludedAt),
                    .transfer(transfer.purpose.id), .code(old), place, .integer(transfer.version),
                ]
            ) == 1
        if isFirst { try keepLane(of: transfer, in: place, from: old) }
        // One that was approved, or is owed after all; one that only waits for longer calls nobody.
        if isFirst, old != .awaitingPayment, transfer.status.state == .awaitingPayment {
            group.storedWork.insert(.transfers)
        }
        return isFirst
    }

    /// Transfers under way whose fate should be known by now, the oldest first.
    ///
    /// These are transfers that ended before `end`, and transfers without an end that were created before `creation`.
    package func overdueOutgoing(
        endedBefore end: Timestamp,
        createdBefore creation: Timestamp,
        limit: Int
    ) throws -> [OutgoingTransfer] {
        try all(
            """
            SELECT \(Self.outgoingColumns) FROM outgoing t WHERE \(PayoutStateMachine.State.isSent(in: "t."))
            AND (t.valid_until < $1 OR (t.valid_until IS NULL AND t.created_at < $2)) ORDER BY t.created_at LIMIT $3
            """,
            [.moment(end), .moment(creation), .integer(Int64(limit))]
        ) { try $0.outgoing() }
    }

    /// A provider's transfers whose fate was decided by its history after a moment, by the rail's own clock.
    package func concludedOutgoing(provider: String, since moment: Timestamp) throws -> [OutgoingTransfer] {
        try all(
            """
            SELECT \(Self.outgoingColumns) FROM outgoing t WHERE t.provider = $1 AND t.concluded_at > $2
            AND t.prepared IS NOT NULL AND t.state IN \(PayoutStateMachine.State.list(.completed, .failed)) ORDER BY t.id
            """,
            [.text(provider), .moment(moment)]
        ) { try $0.outgoing() }
    }

    /// The highest number that a provider has used for a transfer; nil when it has used none.
    package func lastSequence(provider: String) throws -> Int64? {
        try first(
            "SELECT sequence FROM outgoing WHERE provider = $1 AND sequence IS NOT NULL ORDER BY sequence DESC LIMIT 1",
            [.text(provider)]
        ) { try $0.integer() }
    }

    /// The highest number of a provider's transfers that the rail has taken since a moment; nil when it has taken none.
    ///
    /// A failed transfer has cost a fee when it was taken, and none when it was not.
    package func lastTakenSequence(provider: String, since moment: Timestamp) throws -> Int64? {
        try first(
            """
            SELECT sequence FROM outgoing WHERE provider = $1 AND sequence IS NOT NULL
            AND (state = \(PayoutStateMachine.State.completed.code) OR (state = \(PayoutStateMachine.State.failed.code) AND fee IS NOT NULL)) AND concluded_at >= $2 ORDER BY sequence DESC LIMIT 1
            """,
            [.text(provider), .moment(moment)]
        ) { try $0.integer() }
    }

    /// A provider's transfers that wait to be signed and are due, the longest due first.
    package func outgoingToSign(provider: String, dueAt moment: Timestamp, limit: Int) throws -> [OutgoingTransfer] {
        try all(
            """
            SELECT \(Self.outgoingColumns) FROM outgoing t WHERE t.state = \(PayoutStateMachine.State.awaitingPayment.code) AND t.provider = $1
            AND (t.next_attempt_at <= $2 OR t.next_attempt_at > $4) ORDER BY t.next_attempt_at, t.id LIMIT $3
            """,
            [
                .text(provider), .moment(moment), .integer(Int64(limit)),
                .moment(moment.advanced(by: Self.longestPause)),
            ]
        ) { try $0.outgoing() }
    }

    /// A provider's transfers of an asset that have not ended.
    package func openOutgoing(provider: String, asset: AssetID) throws -> [OutgoingTransfer] {
        try all(
            """
            SELECT \(Self.outgoingColumns) FROM outgoing t WHERE t.provider = $1 AND t.asset = $2
            AND t.state IN \(PayoutStateMachine.State.list(.awaitingApproval, .awaitingPayment, .inProgress, .unknown)) ORDER BY t.id
            """,
            [.text(provider), .text(asset.text)]
        ) { try $0.outgoing() }
    }

    /// A refund or payout by its identifier.
    package func outgoing(_ id: String) throws -> OutgoingTransfer? {
        try first(
            "SELECT \(Self.outgoingColumns) FROM outgoing t WHERE \(within("t")) AND t.id = $1",
            [.transfer(id)]
        ) { try $0.outgoing() }
    }

    /// The transfer with a hash.
    package func outgoing(hash: String) throws -> OutgoingTransfer? {
        try first("SELECT \(Self.outgoingColumns) FROM outgoing t WHERE t.hash = $1 LIMIT 1", [.text(hash)]) {
            try $0.outgoing()
        }
    }

    /// Transfers of all providers, or of one, in some states that are due at a moment, the longest due first; without
    /// those that are under way in `lane`.
    package func outgoing(
        in states: [PayoutStateMachine.State],
        of provider: String? = nil,
        outside lane: String? = nil,
        dueAt moment: Timestamp,
        limit: Int
    ) throws -> [OutgoingTransfer] {
        let numbers = states.map { "\($0.code)" }.joined(separator: ", ")
        var arguments: [SQLValue] = [
            .moment(moment), .integer(Int64(limit)), .moment(moment.advanced(by: Self.longestPause)),
        ]
        var filter = ""
        if let provider {
            arguments.append(.text(provider))
            filter = "AND t.provider = $\(arguments.count)"
        }
        if let lane {
            arguments.append(.text(lane))
            filter += """
                 AND NOT EXISTS (SELECT 1 FROM lanes l WHERE l.book = t.book AND l.transfer = t.id
                AND l.lane = $\(arguments.count))
                """
        }
        return try all(
            """
            SELECT \(Self.outgoingColumns) FROM outgoing t WHERE t.state IN (\(numbers)) \(filter)
            AND (t.next_attempt_at <= $1 OR t.next_attempt_at > $3) ORDER BY t.next_attempt_at, t.id LIMIT $2
            """,
            arguments
        ) { try $0.outgoing() }
    }

    /// The refunds of a payment, in the order in which they were asked for.
    package func refunds(of payment: PaymentID) throws -> [OutgoingTransfer] {
        try all(
            "SELECT \(Self.outgoingColumns) FROM outgoing t WHERE \(within("t")) AND t.payment = $1 ORDER BY t.id",
            [.id(payment)]
        ) { try $0.outgoing() }
    }

    /// A merchant's refunds or payouts, the newest first.
    package func outgoing(
        of merchant: MerchantID,
        refunds: Bool,
        where wanted: OutgoingFilter = OutgoingFilter(),
        in page: Page
    ) throws -> [OutgoingTransfer] {
        var filter = try owned(by: merchant, in: "t")
        filter.belonging("t.kind = ", .code(refunds ? OutgoingKind.refund : .payout))
        if let payment = wanted.payment { filter.and("t.payment = ", .id(payment)) }
        if let provider = wanted.provider { filter.and("t.provider = ", .text(provider)) }
        if let asset = wanted.asset { filter.and("t.asset = ", .text(asset.text)) }
        if let state = wanted.state { filter.and("t.state = ", .code(state)) }
        if let place = wanted.destination { filter.and("t.destination = ", .text(place)) }
        if let moment = wanted.createdFrom { filter.and("t.created_at >= ", .moment(moment)) }
        if let moment = wanted.createdUntil { filter.and("t.created_at < ", .moment(moment)) }
        return try list(
            Self.outgoingColumns,
            from: "outgoing t",
            id: "t.id",
            of: refunds ? RefundKind.self : PayoutKind.self,
            filter,
            in: page
        ) { try $0.outgoing() }
    }
}

extension SQLRow {
    /// The purpose of a transfer, in three columns: the identifier, the kind and the payment of a refund.
    private mutating func purpose() throws -> OutgoingTransfer.Purpose {
        let (bytes, kind, payment) = (try blob(), try code(OutgoingKind.self), try optionalID(PaymentKind.self))
        switch (kind, payment) {
        case (.refund, let payment?):
            if let id = RefundID(bytes: bytes) { return .refund(id, of: payment) }
        case (.payout, nil):
            if let id = PayoutID(bytes: bytes) { return .payout(id) }
        default: break
        }
        throw StorageError.corrupt("a row of outgoing is neither a refund of a payment nor a payout")
    }

    /// The identifier of a transfer, in two columns: the identifier and the kind; nil when they are empty.
    mutating func optionalTransferID() throws -> String? {
        guard let bytes = try optionalBlob() else {
            try skip()
            return nil
        }
        let text: String? =
            switch try code(OutgoingKind.self) {
            case .refund: RefundID(bytes: bytes)?.text
            case .payout: PayoutID(bytes: bytes)?.text
            }
        guard let text else { throw StorageError.corrupt("a transfer's identifier has \(bytes.count) bytes") }
        return text
    }

    mutating func outgoing() throws -> OutgoingTransfer {
        let purpose = try purpose()
        let merchant: MerchantID = try self.id()
        let (provider, amount, destination) = (try text(), try amount(), try text())
        let (comment, reason) = (try optionalText(), try optionalText())
        let state: PayoutStateMachine.State = try code()
        let (bytes, hash, sequence) = (try optionalBlob(), try optionalText(), try optionalInteger())
        let validUntil = try optionalMoment()
        let (fee, failure) = (try optionalAmount(), try optionalText())
        let (createdAt, finishedAt) = (try moment(), try optionalMoment())
        let position = Int(try integer())
        let quote = try optionalText().map(QuoteText.read)
        let concludedAt = try optionalMoment()
        let prepared = bytes.flatMap { bytes in
            hash.map {
                PreparedTransfer(
                    bytes: bytes,
                    hash: $0,
                    sequence: sequence,
                    validUntil: validUntil,
                    position: position
                )
            }
        }
        var transfer = OutgoingTransfer(
            purpose: purpose,
            merchant: merchant,
            provider: provider,
            amount: amount,
            destination: destination,
            comment: comment,
            reason: reason,
            quote: quote,
            status: PayoutStateMachine(state: state),
            prepared: prepared,
            networkFee: fee,
            failure: failure,
            createdAt: createdAt,
            finishedAt: finishedAt,
            concludedAt: concludedAt
        )
        transfer.version = try integer()
        return transfer
    }
}
