package import Payments
import Providers
package import Records
import Seams
package import Storage
package import StrictJSON

/// A wish to forget what the customer of a payment has told.
package struct ErasureRequest: Hashable, Sendable {
    let payment: PaymentID
    let merchant: MerchantID
    let key: APIKeyID

    /// A wish to forget.
    ///
    /// - Parameters:
    ///   - payment: the payment.
    ///   - merchant: whose payment it is; what is nobody's is the operator's.
    ///   - key: the API key by which it is asked, which is kept with the moment.
    package init(of payment: PaymentID, for merchant: MerchantID, by key: APIKeyID) {
        self.payment = payment
        self.merchant = merchant
        self.key = key
    }
}

/// What customers have told: kept sealed beside the payment, shown to who may read it, erased when it has to be.
extension Settlement {
    /// Keeps what a rail has told of a payment's customer, the first time that it tells anything.
    func keep(_ told: PersonalData?, of payment: Payment, at now: Timestamp, in session: any SQLSession) throws {
        guard let told else { return }
        let sealed = try personalData.seal(told, of: payment.id, for: payment.merchant)
        try session.insertPersonalData(sealed, of: payment.id, at: now)
    }

    /// Gives what is kept of a payment the seal of the merchant to whom the payment belongs now.
    func reseal(_ old: Payment, for merchant: MerchantID?, in session: any SQLSession) throws {
        guard old.merchant != merchant, let sealed = try session.personalData(of: old.id)?.sealed,
            let told = try personalData.open(sealed, of: old.id, for: old.merchant)
        else { return }
        try session.replacePersonalData(try personalData.seal(told, of: old.id, for: merchant), of: old.id)
    }

    // MARK: - Reading

    /// A payment as those read it who may know what its customer has told.
    ///
    /// - Throws: what the database throws, and `CryptographyError` when what is kept does not open.
    /// - Returns: the object, with `personal_data` and `personal_data_erased_at`.
    package func personalJSON(_ payment: Payment, in session: any SQLSession) throws -> JSONValue {
        let json = try representation.json(payment)
        return .object((json.members ?? []) + (try personalMembers(of: [payment], in: session)))
    }

    /// An event as those are told it who may know what customers have told.
    ///
    /// A payment, and an invoice that is settled, tell it beside everything else. It is put in at each telling and is not
    /// kept with the event.
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
        // What was nobody's was told to the operator, and is a merchant's now.
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

    /// What the customers of some payments have told, by the latest payment of which anything is known.
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

    /// Erases what the customer of a payment has told, once and for all; the payment and the books stay as they are.
    ///
    /// Asked again it changes nothing: the first moment and the first key stay.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/notFound``, also for another merchant's payment.
    /// - Returns: the payment, with when it was erased.
    package func erasePersonalData(_ request: ErasureRequest) async throws -> JSONValue {
        let now = clock.now()
        return try await write(for: request.merchant) { session in
            guard let payment = try session.payment(request.payment), owns(request.merchant, payment.merchant) else {
                throw SettlementError(.notFound, "there is no payment \(request.payment)")
            }
            try session.erasePersonalData(of: payment.id, by: request.key, at: now)
            return try personalJSON(payment, in: session)
        }
    }

    // MARK: - The inbox

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
        let (sealed, now) = (try personalData.seal(message: message, from: source, key: key), clock.now())
        return try await writeShared { session in
            try session.appendInbox(source: source, key: key, sealed: sealed, at: now)
        }
    }

    /// The bytes of a message as they came.
    ///
    /// - Throws: `CryptographyError` when it was sealed under another key, or lies in another's place.
    package func bytes(of message: InboxMessage) throws -> [UInt8] {
        try personalData.open(message: message.body, from: message.source, key: message.key)
    }

    /// What a rail said of what a case is about; nil when it is about nothing of the kind, and nothing when it was closed and
    /// may have told of a customer.
    ///
    /// - Throws: what the database throws, and `CryptographyError` when it was sealed under another key.
    package func bytesSetAside(of opened: CaseID) async throws -> [UInt8]? {
        guard let kept = try await database.read({ try $0.bytesSetAside(of: opened) }) else { return nil }
        return kept.isSealed ? try personalData.open(setAside: kept.bytes, of: opened) : kept.bytes
    }
}
