import Ledger
import Money
import Payments
import Providers
import Seams
import Storage

extension Settlement {
    /// How much of a payment's asset a refund returns, and the quote by which that was found; a nil amount means all
    /// that is left.
    func measure(
        _ measure: RefundMeasure,
        of booked: BookedPayment,
        at now: Timestamp,
        in session: any SQLSession
    ) throws -> (amount: Amount?, quote: Quote?) {
        let payment = booked.payment
        switch measure {
        case .paid(let amount): return (amount, nil)
        case .overpaid:
            let surplus = try booked.waiting
            guard payment.classification == .over, surplus.isPositive else {
                throw SettlementError(.invalidState, "nothing of the payment was too much, or it was returned")
            }
            return (surplus, nil)
        case .originalRate(let part):
            let (option, value) = try worth(of: payment, part, in: session)
            let amount: Amount
            do throws(PaymentsError) { amount = try option.cost(of: value) } catch { throw SettlementError(error) }
            return (try carried(amount), option.quote)
        case .currentRate(let part):
            let (option, value) = try worth(of: payment, part, in: session)
            guard value.asset != payment.amount.asset else { return (value, nil) }
            let quote = try quote(
                option.price.asset,
                in: payment.amount.asset,
                settings: option.settings,
                at: now
            )
            let (from, to) = (try asset(value.asset), try asset(payment.amount.asset))
            return (try carried(quote.rate.convert(value, from: from, to: to, rounding: .towardZero)), quote)
        }
    }

    /// An amount, rounded down to what the rail can carry.
    private func carried(_ amount: Amount) throws -> Amount {
        try asset(amount.asset).roundedToWire(amount, rounding: .towardZero)
    }

    /// A part of the price that a payment paid, and the option that it was paid by.
    private func worth(
        of payment: Payment,
        _ part: Amount?,
        in session: any SQLSession
    ) throws -> (PaymentOption, Amount) {
        guard let worth = payment.value, let invoice = payment.invoice,
            let current = try session.options(of: invoice).first(where: { $0.id == payment.option })
        else {
            throw SettlementError(.unsupported, "the payment has no price; name an amount of its asset")
        }
        let option = current.held(at: payment.occurredAt, past: try session.pastQuotes(of: current.id))
        guard let part else { return (option, worth) }
        guard part.asset == worth.asset else {
            throw SettlementError(.invalidRequest, "the price is in \(worth.asset)", parameter: "amount")
        }
        guard try part.compared(to: worth) != .greater else {
            throw SettlementError(.amountTooLarge, "more than the payment was worth", parameter: "amount")
        }
        return (option, part)
    }
}
