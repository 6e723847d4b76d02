package import Payments
package import Seams

/// The stored personal data of a payment's customer.
package struct PersonalDataRecord: Hashable, Sendable {
    /// The payment.
    package let payment: PaymentID
    /// The data, sealed; nil once it was erased.
    package let sealed: [UInt8]?
    /// When it was erased, if it was.
    package let erasedAt: Timestamp?
    /// The API key by which it was erased.
    package let erasedBy: APIKeyID?
}

/// The personal data of customers.
extension SQLSession {
    /// Stores the personal data of a payment's customer, unless some is stored already or was erased.
    package func insertPersonalData(_ sealed: [UInt8], of payment: Payment, at moment: Timestamp) throws {
        try execute(
            "INSERT INTO personal_data (book, payment, sealed, kept_at) VALUES ($4, $1, $2, $3) ON CONFLICT DO NOTHING",
            [.id(payment.id), .blob(sealed), .moment(moment), try place(of: payment.merchant)]
        )
    }

    /// Replaces the sealed personal data of a payment by the same data in another seal.
    package func replacePersonalData(_ sealed: [UInt8], of payment: PaymentID) throws {
        try execute(
            "UPDATE personal_data SET sealed = $1 WHERE \(within()) AND payment = $2 AND erased_at IS NULL",
            [.blob(sealed), .id(payment)]
        )
    }

    /// The personal data of a payment; nil when none was ever stored or erased.
    package func personalData(of payment: PaymentID) throws -> PersonalDataRecord? {
        try first(
            "SELECT payment, sealed, erased_at, erased_by FROM personal_data WHERE \(within()) AND payment = $1",
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

    /// Erases the personal data of a payment for good: data that comes later is not stored either.
    package func erasePersonalData(of payment: Payment, by key: APIKeyID, at moment: Timestamp) throws {
        try execute(
            """
            INSERT INTO personal_data (book, payment, erased_at, erased_by) VALUES ($4, $1, $2, $3)
            ON CONFLICT (book, payment) DO UPDATE SET sealed = NULL, erased_at = excluded.erased_at,
            erased_by = excluded.erased_by WHERE personal_data.erased_at IS NULL
            """,
            [.id(payment.id), .moment(moment), .id(key), try place(of: payment.merchant)]
        )
    }
}
