package import Payments
import Providers
package import Records
import Seams
package import Storage
package import StrictJSON

/// A request to erase the personal data of a payment's customer.
package struct ErasureRequest: Hashable, Sendable {
    let payment: PaymentID
    let merchant: MerchantID
    let key: APIKeyID

    /// A request to erase personal data.
    ///
    /// - Parameters:
    ///   - payment: the payment.
    ///   - merchant: the payment's merchant, or the operator when the payment has none.
    ///   - key: the API key of the request, which is stored with the time.
    package init(of payment: PaymentID, for merchant: MerchantID, by key: APIKeyID) {
        self.payment = payment
        self.merchant = merchant
        self.key = key
    }
}

/// The personal data of customers: stored sealed beside the payment, shown to readers who may see it, erased on
/// request.
extension Settlement {
    /// Stores the personal data of a payment's customer, the first time that the rail reports any.
    func storePersonalData(
        _ told: PersonalData?,
        of payment: Payment,
        at now: Timestamp,
        in session: any SQLSession
    ) throws {
        guard let told else { return }
        let sealed = try personalData.seal(told, of: payment.id, for: payment.merchant)
        try session.insertPersonalData(sealed, of: payment, at: now)
    }

    /// Seals the personal data of a payment again for the merchant to whom the payment belongs now.
    func reseal(_ old: Payment, for merchant: MerchantID?, in session: any SQLSession) throws {
        guard old.merchant != merchant, let sealed = try session.personalData(of: old.id)?.sealed,
            let told = try personalData.open(sealed, of: old.id, for: old.merchant)
        else { return }
        try session.replacePersonalData(try personalData.seal(told, of: old.id, for: merchant), of: old.id)
    }

    // MARK: - Reading

    /// A payment with its customer's personal data, for readers who may see it.
    ///
    /// - Throws: what the database throws, and `CryptographyError` when what is kept does not open.
    /// - Returns: the object, with `personal_data` and `personal_data_erased_at`.
    package func personalJSON(_ payment: Payment, in session: any SQLSession) throws -> JSONValue {
        let json = try representation.json(payment)
        return .object((json.members ?? []) + (try personalMembers(of: [payment], in: session)))
    }

    /// An event with the customers' personal data, for receivers who may see it.
    ///
    /// Events about a payment or a settled invoice have it. It is added each time that the event is sent or read, and
    /// is not stored with the event.
    ///
    /// - Throws: what the database throws, and `CryptographyError` when what is kept does not open.
    /// - Returns: the event with another body, or as it is.
    package func withPersonalData(_ event: EventRecord, in session: any SQLSession) throws -> EventRecord {
        let payments: [Payment]
        if event.type == InvoiceEvent.settled.rawValue {
            guard let invoice = try? InvoiceID(event.subject) else { return event }
            payments = try session.payments(of: invoice)
        } else if Self.paymentEvents.contains(event.type) {
            guard let id = try? PaymentID(event.subject) else { return event }
            payments = try session.payment(id).map { [$0] } ?? []
        } else {
            return event
        }
        // A payment that was unmatched was told to the operator, and may be a merchant's now.
        let own = payments.filter { owns(event.merchant, $0.merchant) }
        let told = try personalMembers(of: own, in: session)
        let body = try JSONValue(parsing: Array(event.body.utf8))
        let members = (body.members ?? []).map { member in
            guard member.key == "data", let data = member.value.members else { return member }
            return JSONValue.Member("data", .object(data + told))
        }
        return EventRecord(
            id: event.id,
            merchant: event.merchant,
            type: event.type,
            subject: event.subject,
            body: JSONValue.object(members).text,
            createdAt: event.createdAt
        )
    }

    /// The personal data of the latest of some payments of which any is known.
    private func personalMembers(of payments: [Payment], in session: any SQLSession) throws -> [JSONValue.Member] {
        var (told, erasedAt): (JSONValue, JSONValue) = (.null, .null)
        for payment in payments.reversed() {
            guard let record = try session.personalData(of: payment.id) else { continue }
            if let sealed = record.sealed {
                told = try personalData.open(sealed, of: payment.id, for: payment.merchant)?.json ?? .null
            }
            erasedAt = .optional(record.erasedAt?.description)
            break
        }
        return [.init("personal_data", told), .init("personal_data_erased_at", erasedAt)]
    }

    // MARK: - Erasing

    /// Erases the personal data of a payment's customer for good; the payment and the books stay as they are.
    ///
    /// A repeated request changes nothing: the first time and the first key stay.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/notFound``, also for another merchant's payment.
    /// - Returns: the payment, with when it was erased.
    package func erasePersonalData(_ request: ErasureRequest) async throws -> JSONValue {
        let now = clock.now()
        return try await write(for: request.merchant) { session in
            guard let payment = try session.payment(request.payment), owns(request.merchant, payment.merchant) else {
                throw SettlementError(.notFound, "there is no payment \(request.payment)")
            }
            try session.erasePersonalData(of: payment, by: request.key, at: now)
            return try personalJSON(payment, in: session)
        }
    }

    // MARK: - What was set aside

    /// The rail's bytes that a case is about; nil when it is about none, and empty when the case was closed and they
    /// were sealed.
    ///
    /// - Throws: what the database throws, and `CryptographyError` when it was sealed under another key.
    package func bytesSetAside(of opened: CaseID) async throws -> [UInt8]? {
        guard let kept = try await database.read({ try $0.bytesSetAside(of: opened) }) else { return nil }
        return kept.isSealed ? try personalData.open(setAside: kept.bytes, of: opened) : kept.bytes
    }
}
