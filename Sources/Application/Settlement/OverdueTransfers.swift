package import Payments
package import Seams
package import Storage

/// The alarm about refunds and payouts whose fate stays unknown for too long.
package enum OverdueTransfers {
    /// How long after its end, by our clock, a transfer's fate has to be known: as long again as it lives on TON.
    package static let afterEnd = Duration.seconds(300)
    /// How long a transfer without an end may take.
    package static let withoutEnd = Duration.seconds(3_600)

    /// The transfers under way whose fate should be known by now, the oldest first, at most a thousand.
    ///
    /// - Throws: what the database throws.
    package static func list(in session: any SQLSession, at now: Timestamp) throws -> [OutgoingTransfer] {
        try session.overdueOutgoing(
            endedBefore: now.advanced(by: .zero - afterEnd),
            createdBefore: now.advanced(by: .zero - withoutEnd),
            limit: 1_000
        )
    }
}
