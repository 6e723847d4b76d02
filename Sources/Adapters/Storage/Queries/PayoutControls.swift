import Ledger
package import Money
package import Payments
package import Records
package import Seams

/// Merchants' rules for payouts, the destinations that they list, and who approved what.
extension SQLSession {
    // MARK: - Policies

    /// The policy that counts at a moment; the open one when the merchant has made none.
    package func payoutPolicy(of merchant: MerchantID, at now: Timestamp) throws -> PayoutPolicy {
        try policyStep(of: merchant, "x.counts_from <= $3", now)?.step.policy ?? .open
    }

    /// The change that waits for its time; nil when none does.
    package func waitingPolicy(of merchant: MerchantID, at now: Timestamp) throws -> PayoutPolicy.Step? {
        guard let newest = try policyStep(of: merchant, "x.counts_from > $3", now) else { return nil }
        // A newer policy that counts already has replaced it.
        let replaced = try policyStep(of: merchant, "x.counts_from <= $3", now).map { $0.number > newest.number }
        return replaced == true ? nil : newest.step
    }

    private func policyStep(
        of merchant: MerchantID,
        _ condition: String,
        _ now: Timestamp
    ) throws -> (number: Int64, step: PayoutPolicy.Step)? {
        let book = try book(of: merchant).number
        let found = try first(
            """
            SELECT x.number, x.listed_only, x.delay, x.counts_from FROM payout_policies x
            WHERE x.book = $1 AND x.merchant = $2 AND \(condition) ORDER BY x.number DESC LIMIT 1
            """,
            [.integer(book), .id(merchant), .moment(now)]
        ) { row in (try row.integer(), try row.flag(), try row.integer(), try row.moment()) }
        guard let (number, isListedOnly, delay, countsFrom) = found else { return nil }
        let limits = try all(
            """
            SELECT y.asset, y.amount FROM payout_limits y WHERE y.book = $1 AND y.merchant = $2 AND y.number = $3
            """,
            [.integer(book), .id(merchant), .integer(number)]
        ) { try $0.amount() }
        let policy = PayoutPolicy(
            listedDestinationsOnly: isListedOnly,
            delay: .seconds(delay),
            dailyLimits: Dictionary(limits.map { ($0.asset, $0) }) { first, _ in first }
        )
        return (number, PayoutPolicy.Step(policy, countsFrom: countsFrom))
    }

    /// Stores the steps of a change, of which a later one replaces every earlier one from its moment on.
    package func insert(
        _ steps: [PayoutPolicy.Step],
        for merchant: MerchantID,
        madeBy key: APIKeyID,
        at now: Timestamp
    ) throws {
        let place = try place(of: merchant)
        var number =
            try first(
                "SELECT COALESCE(MAX(x.number), 0) FROM payout_policies x WHERE x.book = $1 AND x.merchant = $2",
                [place, .id(merchant)]
            ) { try $0.integer() } ?? 0
        for step in steps {
            number += 1
            try execute(
                """
                INSERT INTO payout_policies (book, merchant, number, listed_only, delay, counts_from, made_by, made_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                """,
                [
                    place, .id(merchant), .integer(number), .flag(step.policy.listedDestinationsOnly),
                    .integer(step.policy.delay.components.seconds), .moment(step.countsFrom), .id(key), .moment(now),
                ]
            )
            for limit in step.policy.dailyLimits.values {
                try execute(
                    "INSERT INTO payout_limits (book, merchant, number, asset, amount) VALUES ($1, $2, $3, $4, $5)",
                    [place, .id(merchant), .integer(number), .asset(limit), .units(limit)]
                )
            }
        }
    }

    // MARK: - Destinations

    private static var destinationColumns: String {
        """
        d.id, d.merchant, d.asset, d.address, d.account, d.any_comment, d.comment, d.label, d.listed_by, d.created_at, \
        d.usable_from
        """
    }

    /// Stores a destination.
    package func insert(_ destination: PayoutDestination) throws {
        let (anyComment, comment): (Bool, String?) =
            switch destination.comments {
            case .any: (true, nil)
            case .only(let only): (false, only)
            }
        try execute(
            """
            INSERT INTO payout_destinations (book, id, merchant, asset, address, account, any_comment, comment, label,
            listed_by, created_at, usable_from) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            """,
            [
                try place(of: destination.merchant), .id(destination.id), .id(destination.merchant),
                .text(destination.asset.text), .text(destination.address), .text(destination.account),
                .flag(anyComment), .text(comment), .text(destination.label), .id(destination.listedBy),
                .moment(destination.createdAt), .moment(destination.usableFrom),
            ]
        )
    }

    /// A destination.
    package func payoutDestination(_ id: PayoutDestinationID) throws -> PayoutDestination? {
        try first(
            "SELECT \(Self.destinationColumns) FROM payout_destinations d WHERE \(within("d")) AND d.id = $1",
            [.id(id)]
        ) { try $0.payoutDestination() }
    }

    /// A merchant's destinations at an account.
    package func payoutDestinations(at account: String, of merchant: MerchantID) throws -> [PayoutDestination] {
        try all(
            """
            SELECT \(Self.destinationColumns) FROM payout_destinations d
            WHERE d.book = $1 AND d.merchant = $2 AND d.account = $3
            """,
            [.integer(try book(of: merchant).number), .id(merchant), .text(account)]
        ) { try $0.payoutDestination() }
    }

    /// A page of a merchant's destinations, the newest first.
    package func payoutDestinations(of merchant: MerchantID, in page: Page) throws -> [PayoutDestination] {
        let filter = try owned(by: merchant, in: "d")
        return try list(
            Self.destinationColumns,
            from: "payout_destinations d",
            id: "d.id",
            of: PayoutDestinationKind.self,
            filter,
            in: page
        ) { try $0.payoutDestination() }
    }

    /// How many destinations a merchant has listed.
    package func countPayoutDestinations(of merchant: MerchantID) throws -> Int {
        try first(
            "SELECT COUNT(*) FROM payout_destinations d WHERE d.book = $1 AND d.merchant = $2",
            [.integer(try book(of: merchant).number), .id(merchant)]
        ) { try $0.int() } ?? 0
    }

    /// Deletes a destination.
    package func delete(_ destination: PayoutDestination) throws {
        try execute(
            "DELETE FROM payout_destinations WHERE book = $1 AND id = $2",
            [try place(of: destination.merchant), .id(destination.id)]
        )
    }

    // MARK: - Approvals

    /// A merchant's payouts of an asset since a moment that have not failed and needed no other key, in smallest units.
    package func unapprovedPayouts(of merchant: MerchantID, asset: AssetID, since start: Timestamp) throws -> [Amount] {
        try all(
            """
            SELECT t.asset, t.amount FROM outgoing t WHERE t.book = $1 AND t.merchant = $2
            AND t.kind = \(OutgoingKind.payout.code) AND t.asset = $3 AND t.created_at > $4
            AND t.state NOT IN \(PayoutStateMachine.State.list(.failed, .cancelled))
            AND NOT EXISTS (SELECT 1 FROM payout_approvals a WHERE a.book = t.book AND a.payout = t.id)
            """,
            [.integer(try book(of: merchant).number), .id(merchant), .text(asset.text), .moment(start)]
        ) { try $0.amount() }
    }

    /// Stores that a payout needs the approval of another key, or which one has approved it.
    package func store(_ approval: PayoutApproval, of merchant: MerchantID) throws {
        try execute(
            """
            INSERT INTO payout_approvals (book, payout, requested_by, approved_by) VALUES ($1, $2, $3, $4)
            ON CONFLICT (book, payout) DO UPDATE SET approved_by = excluded.approved_by
            """,
            [
                try place(of: merchant), .id(approval.payout), .id(approval.requestedBy), .id(approval.approvedBy),
            ]
        )
    }

    /// Which keys requested and approved a payout; nil when it needed no other key.
    package func payoutApproval(_ payout: PayoutID) throws -> PayoutApproval? {
        try first(
            "SELECT a.payout, a.requested_by, a.approved_by FROM payout_approvals a WHERE \(within("a")) AND a.payout = $1",
            [.id(payout)]
        ) { PayoutApproval(payout: try $0.id(), requestedBy: try $0.optionalID(), approvedBy: try $0.optionalID()) }
    }
}

extension SQLRow {
    fileprivate mutating func payoutDestination() throws -> PayoutDestination {
        let (id, merchant): (PayoutDestinationID, MerchantID) = (try self.id(), try self.id())
        let (asset, address, account) = (try text(), try text(), try text())
        let (takesAny, comment) = (try flag(), try optionalText())
        return PayoutDestination(
            id: id,
            merchant: merchant,
            asset: try AssetID(asset),
            address: address,
            account: account,
            comments: takesAny ? .any : .only(comment),
            label: try text(),
            listedBy: try optionalID(),
            createdAt: try moment(),
            usableFrom: try moment()
        )
    }
}
