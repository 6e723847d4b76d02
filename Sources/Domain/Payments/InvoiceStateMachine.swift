package import Money

/// The life of an invoice, as a value: it takes an event and returns the next action.
///
/// ```
/// new ──detected, received(part)──→ processing ──received(rest)──→ settled
///  │ ←──────forgotten, undone───────┘    │ ←──────undone───────────────┤
///  ├──expired──→ expired ←───────────────┘                             └ repeated, over: exceptions, never another
///  └──cancelled─→ invalid                                                settlement
///     expired ──received in time, in full─→ settled: nobody could see it before
/// ```
///
/// The states and exceptions are BTCPay's. Payments are counted in the invoice's own price asset, so that parts paid on
/// different rails add up.
package struct InvoiceStateMachine: Hashable, Sendable {
    /// Where an invoice stands.
    package enum State: String, Hashable, Sendable, CaseIterable {
        case new
        case processing
        case settled
        case expired
        case invalid

        /// Whether customers can still pay.
        package var isPayable: Bool { self == .new || self == .processing }
    }

    /// The exception of an invoice, if any.
    package enum Exception: String, Hashable, Sendable, CaseIterable {
        case none
        case paidPartial = "paid_partial"
        case paidOver = "paid_over"
        case paidLate = "paid_late"
        case marked
    }

    /// An event of an invoice.
    package enum Event: Hashable, Sendable {
        /// A payment that was made in time was seen, and can still be undone.
        case detected
        /// The seen payment is gone, and no other was seen.
        case forgotten
        /// A counted payment, worth `value` of the price asset, is no longer part of the rail's history.
        case undone(value: Amount)
        /// A final payment, worth `value` of the price asset, was received.
        case received(value: Amount, isInTime: Bool)
        /// Its time is over.
        case expired
        /// The merchant called it off.
        case cancelled
        /// The merchant accepts the payments, full or not and in time or not, as the whole price.
        case accepted
    }

    /// The caller's next action.
    package enum Action: Hashable, Sendable {
        /// Keep the payment in clearing until the rest comes.
        case hold
        /// Credit the merchant with the held payments and this one, less `excess` (in the price asset).
        case settle(excess: Amount)
        /// Book the payment as late and open a case.
        case openLate
        /// Book the payment as repeated and open a case.
        case openRepeated
        /// Move the held payments to the underpayments and open a case.
        case openUnderpaid
        /// Tell the merchant that the invoice has expired without a payment.
        case announceExpired
        /// Tell the merchant that the invoice is cancelled.
        case announceCancelled
        /// Tell the merchant that the invoice is settled.
        case announceSettled
        /// Tell the merchant that a payment is on its way.
        case announceProcessing
        /// Take back the credits of the remaining payments, and tell the merchant.
        case reopen
        /// The event is a repetition that needs no action.
        case none
    }

    /// Where the invoice stands.
    package private(set) var state: State
    /// The exception of an invoice, if any.
    package private(set) var exception: Exception
    /// The amount owed.
    package let price: Amount
    /// The least amount that settles it: the price less the tolerance.
    package let threshold: Amount
    /// The amount received in time so far, in the price asset.
    package private(set) var received: Amount

    /// An invoice as it was stored.
    package init(
        state: State = .new,
        exception: Exception = .none,
        price: Amount,
        threshold: Amount,
        received: Amount
    ) {
        self.state = state
        self.exception = exception
        self.price = price
        self.threshold = threshold
        self.received = received
    }

    /// The amount still owed; zero once the price is covered.
    package var remaining: Amount {
        get throws(MoneyError) {
            let rest = try price.subtracting(received)
            return rest.isNegative ? .zero(price.asset) : rest
        }
    }

    /// Applies an event, moves to the next state and returns the next action.
    ///
    /// - Throws: ``PaymentsError/invalidTransition(_:)`` when the event has no meaning in the current state, and
    ///   ``PaymentsError/amount(_:)`` when amounts do not fit each other; the state is unchanged then.
    package mutating func apply(_ event: Event) throws(PaymentsError) -> Action {
        switch (event, state) {
        case (.received(let value, true), .new), (.received(let value, true), .processing):
            return try receive(value)
        case (.received(_, false), .new), (.received(_, false), .processing):
            // The invoice's time is over, although it is not marked expired yet; the later expiry finds the case open.
            exception = exception == .paidPartial ? .paidPartial : .paidLate
            return .openLate
        case (.received(let value, true), .expired) where received.isZero:
            return try receiveBelatedly(value)
        case (.received, .expired), (.received, .invalid):
            exception = exception == .paidPartial ? .paidPartial : .paidLate
            return .openLate
        case (.received, .settled):
            // The merchant has accepted less than the price; a later payment does not make it covered.
            exception = exception == .marked ? .marked : .paidOver
            return .openRepeated
        case (.detected, .new):
            state = .processing
            return .announceProcessing
        case (.forgotten, .processing) where received.isZero:
            state = .new
            return .reopen
        case (.undone(let value), .processing), (.undone(let value), .settled): return try undo(value)
        case (.undone(let value), .expired), (.undone(let value), .invalid):
            do { received = try received.subtracting(value) } catch { throw .amount(error) }
            return .none
        case (.undone, _), (.detected, _), (.forgotten, _): return .none
        case (.expired, .new):
            state = .expired
            return .announceExpired
        case (.expired, .processing):
            state = .expired
            return .openUnderpaid
        case (.cancelled, .new):
            state = .invalid
            return .announceCancelled
        case (.expired, .expired), (.expired, .settled), (.expired, .invalid), (.cancelled, .invalid):
            return .none
        case (.accepted, .new), (.accepted, .expired), (.accepted, .invalid):
            state = .settled
            exception = .marked
            return .announceSettled
        case (.accepted, .settled): return .none
        case (.accepted, .processing):
            throw .invalidTransition("the invoice still waits for payments; resolve the case when its time is over")
        case (.cancelled, .processing), (.cancelled, .settled), (.cancelled, .expired):
            throw .invalidTransition("an invoice that is \(state.rawValue) cannot be cancelled")
        }
    }

    private mutating func undo(_ value: Amount) throws(PaymentsError) -> Action {
        let rest: Amount
        let isCovered: Bool
        let isOver: Bool
        do {
            rest = try received.subtracting(value)
            isCovered = try !rest.subtracting(threshold).isNegative
            isOver = try rest.subtracting(price).isPositive
        } catch { throw .amount(error) }
        guard !rest.isNegative else {
            throw .invalidTransition("more would be taken back than was received")
        }
        received = rest
        if state == .settled, isCovered {
            exception = exception == .paidOver && !isOver ? .none : exception
            return .none
        }
        let old = state
        state = rest.isZero ? .new : .processing
        exception = rest.isZero ? .none : .paidPartial
        return state == old ? .none : .reopen
    }

    /// Settles an ended invoice with payments that were made in time, but seen only later.
    private mutating func receiveBelatedly(_ value: Amount) throws(PaymentsError) -> Action {
        let isCovered: Bool
        do { isCovered = try !value.subtracting(threshold).isNegative } catch { throw .amount(error) }
        guard isCovered else {
            exception = .paidLate
            return .openLate
        }
        return try receive(value)
    }

    private mutating func receive(_ value: Amount) throws(PaymentsError) -> Action {
        let total: Amount
        let excess: Amount
        let isCovered: Bool
        do {
            total = try received.adding(value)
            excess = try total.subtracting(price)
            isCovered = try !total.subtracting(threshold).isNegative
        } catch { throw .amount(error) }
        received = total
        guard isCovered else {
            state = .processing
            exception = .paidPartial
            return .hold
        }
        state = .settled
        exception = excess.isPositive ? .paidOver : .none
        return .settle(excess: excess.isPositive ? excess : .zero(price.asset))
    }
}
