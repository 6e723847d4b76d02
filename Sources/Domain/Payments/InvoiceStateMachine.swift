package import Money

/// The life of an invoice, as a value: it takes an event and answers with what has to be done.
///
/// ```
/// new ──detected, received(part)──→ processing ──received(rest)──→ settled
///  │ ←──────forgotten, undone───────┘    │ ←──────undone───────────────┤
///  ├──expired──→ expired ←───────────────┘                             └ repeated, over: exceptions, never another
///  └──cancelled─→ invalid                                                settlement
///     expired ──received in time, in full─→ settled: nobody could see it before
/// ```
///
/// The states and exceptions are BTCPay's. What is received is counted in the invoice's own price asset, so that a
/// part paid on one rail and the rest on another add up.
package struct InvoiceStateMachine: Hashable, Sendable {
    /// Where an invoice stands.
    package enum State: String, Hashable, Sendable, CaseIterable {
        case new
        case processing
        case settled
        case expired
        case invalid

        /// Whether customers are still asked to pay.
        package var isPayable: Bool { self == .new || self == .processing }
    }

    /// What is unusual about it.
    package enum Exception: String, Hashable, Sendable, CaseIterable {
        case none
        case paidPartial = "paid_partial"
        case paidOver = "paid_over"
        case paidLate = "paid_late"
        case marked
    }

    /// What happened to an invoice.
    package enum Event: Hashable, Sendable {
        /// A payment was seen that can still be undone, and that was made in time.
        case detected
        /// What was seen is gone, and nothing else was seen.
        case forgotten
        /// A payment that counted, worth `value` of the price asset, is no longer part of the rail's history.
        case undone(value: Amount)
        /// A final payment, worth `value` of the price asset, that was made in time or not.
        case received(value: Amount, isInTime: Bool)
        /// Its time is over.
        case expired
        /// The merchant called it off.
        case cancelled
        /// The merchant takes what came, in full or not and in time or not, for the whole price.
        case accepted
    }

    /// What the caller does next.
    package enum Action: Hashable, Sendable {
        /// Keep the payment in clearing until the rest comes.
        case hold
        /// Credit the merchant with all that is held and with this payment, less `excess` (in the price asset).
        case settle(excess: Amount)
        /// Book the payment as late and open a case.
        case openLate
        /// Book the payment as repeated and open a case.
        case openRepeated
        /// Move what is held to the underpayments and open a case.
        case openUnderpaid
        /// Tell the merchant that the time is over and nothing came.
        case announceExpired
        /// Tell the merchant that the invoice is cancelled.
        case announceCancelled
        /// Tell the merchant that the invoice is settled.
        case announceSettled
        /// Tell the merchant that a payment is on its way.
        case announceProcessing
        /// Take back what was credited of the payments that are left, and tell the merchant.
        case reopen
        /// The event is a repetition, and everything that it asks for was done.
        case none
    }

    /// Where the invoice stands.
    package private(set) var state: State
    /// What is unusual about it.
    package private(set) var exception: Exception
    /// What is owed.
    package let price: Amount
    /// The least that settles it: the price less the tolerance.
    package let threshold: Amount
    /// What was received in time so far, in the price asset.
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

    /// What is still owed; zero once the price is covered.
    package var remaining: Amount {
        get throws(MoneyError) {
            let rest = try price.subtracting(received)
            return rest.isNegative ? .zero(price.asset) : rest
        }
    }

    /// Takes an event, moves to the next state and says what follows from it.
    ///
    /// - Throws: ``PaymentsError/invalidTransition(_:)`` when the event has no meaning in the current state, and
    ///   ``PaymentsError/amount(_:)`` when amounts do not fit each other; the state is unchanged then.
    package mutating func apply(_ event: Event) throws(PaymentsError) -> Action {
        switch (event, state) {
        case (.received(let value, true), .new), (.received(let value, true), .processing):
            return try receive(value)
        case (.received(_, false), .new), (.received(_, false), .processing):
            // Its time is over, though nobody has said so yet: the expiry that follows finds the case open.
            exception = exception == .paidPartial ? .paidPartial : .paidLate
            return .openLate
        case (.received(let value, true), .expired) where received.isZero:
            return try receiveBelatedly(value)
        case (.received, .expired), (.received, .invalid):
            exception = exception == .paidPartial ? .paidPartial : .paidLate
            return .openLate
        case (.received, .settled):
            // Who took less than the price has said so: what comes later does not make it covered.
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
            throw .invalidTransition("more is taken back than was received")
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

    /// An invoice that ended before anybody could see that it was paid in time is settled by what covers it.
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
