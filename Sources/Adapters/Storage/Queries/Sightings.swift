import Money
package import Payments
package import Records
import Seams

/// Sightings: payments that are not final yet.
extension SQLSession {
    private static var sightingColumns: String {
        """
        s.natural_key, s.option, s.invoice, s.asset, s.amount, s.payer, s.confirmations, s.required, s.occurred_at
        """
    }

    /// The sightings of a provider.
    package func sightings(provider: String) throws -> [StoredSighting] {
        try all(
            "SELECT \(Self.sightingColumns) FROM sightings s WHERE s.provider = $1 ORDER BY s.natural_key",
            [.text(provider)]
        ) { try $0.sighting() }
    }

    /// A sighting of a provider; nil when there is none.
    package func sighting(_ key: NaturalKey, provider: String) throws -> StoredSighting? {
        try first(
            """
            SELECT \(Self.sightingColumns) FROM sightings s
            WHERE \(within("s")) AND s.provider = $1 AND s.natural_key = $2
            """,
            [.text(provider), .text(key.text)]
        ) { try $0.sighting() }
    }

    /// The sightings of an invoice.
    package func sightings(of invoice: InvoiceID) throws -> [StoredSighting] {
        try all(
            """
            SELECT \(Self.sightingColumns) FROM sightings s WHERE \(within("s")) AND s.invoice = $1
            ORDER BY s.occurred_at, s.natural_key
            """,
            [.id(invoice)]
        ) { try $0.sighting() }
    }

    /// Stores a sighting of a merchant's invoice, or its new number of confirmations.
    package func store(_ sighting: StoredSighting, of merchant: MerchantID, provider: String) throws {
        try execute(
            """
            INSERT INTO sightings (book, provider, natural_key, option, invoice, asset, amount, payer, confirmations,
            required, occurred_at) VALUES ($11, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            ON CONFLICT (book, provider, natural_key) DO UPDATE SET confirmations = excluded.confirmations,
            required = excluded.required
            """,
            [
                .text(provider), .text(sighting.naturalKey.text), .id(sighting.option), .id(sighting.invoice),
                .asset(sighting.amount), .units(sighting.amount), .text(sighting.payer),
                .integer(Int64(sighting.confirmations)), .integer(Int64(sighting.required)),
                .moment(sighting.occurredAt), try place(of: merchant),
            ]
        )
    }

    /// Deletes a sighting.
    package func removeSighting(_ key: NaturalKey, provider: String) throws {
        try execute(
            "DELETE FROM sightings WHERE \(within()) AND provider = $1 AND natural_key = $2",
            [.text(provider), .text(key.text)]
        )
    }
}

extension SQLRow {
    fileprivate mutating func sighting() throws -> StoredSighting {
        StoredSighting(
            naturalKey: NaturalKey(stored: try text()),
            option: try id(),
            invoice: try id(),
            amount: try amount(),
            payer: try optionalText(),
            confirmations: try int(),
            required: try int(),
            occurredAt: try moment()
        )
    }
}
