package import Payments
package import Seams

/// What is kept of what a payment's customer has told.
package struct PersonalDataRecord: Hashable, Sendable {
    /// The payment.
    package let payment: PaymentID
    /// What was told, sealed; nil once it was erased.
    package let sealed: [UInt8]?
    /// When it was erased, if it was.
    package let erasedAt: Timestamp?
    /// The API key by which it was erased.
    package let erasedBy: APIKeyID?
}

/// What customers have told.
extension SQLSession {
    /// Keeps what the customer of a payment has told, unless something is kept already or was erased.
    package func insertPersonalData(_ sealed: [UInt8], of payment: PaymentID, at moment: Timestamp) throws {
        try execute(
            "INSERT INTO personal_data (payment, sealed, kept_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            [.id(payment), .blob(sealed), .moment(moment)]
        )
    }

    /// Stores what is kept of a payment in another seal.
    package func replacePersonalData(_ sealed: [UInt8], of payment: PaymentID) throws {
        try execute(
            "UPDATE personal_data SET sealed = $1 WHERE payment = $2 AND erased_at IS NULL",
            [.blob(sealed), .id(payment)]
        )
    }

    /// What is kept of a payment; nil when its customer has told nothing and nothing was erased.
    package func personalData(of payment: PaymentID) throws -> PersonalDataRecord? {
        try first(
            "SELECT payment, sealed, erased_at, erased_by FROM personal_data WHERE payment = $1",
            [.id(payment)]
        ) { row in
            PersonalDataRecord(
                payment: try row.id(),
                sealed: try row.optionalBlob(),
                erasedAt: try row.optionalMoment(),
                erasedBy: try row.optionalID()
            )
        }
    }

    /// Erases what is kept of a payment, once and for all: what is told later is not kept either.
    package func erasePersonalData(of payment: PaymentID, by key: APIKeyID, at moment: Timestamp) throws {
        try execute(
            """
            INSERT INTO personal_data (payment, erased_at, erased_by) VALUES ($1, $2, $3)
            ON CONFLICT (payment) DO UPDATE SET sealed = NULL, erased_at = excluded.erased_at,
            erased_by = excluded.erased_by WHERE personal_data.erased_at IS NULL
            """,
            [.id(payment), .moment(moment), .id(key)]
        )
    }
}
