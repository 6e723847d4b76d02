import Payments
import Providers

/// How something comes from a rail, or from whom it names, and may touch an order.
enum WayIn: String, CaseIterable, Sendable {
    case payment, scannedPayment, sighting, refund, vanished
    case preCheckout, shipping, subscriptionChange, subscriptionRenewal, paidMedia
    case claim, claimByOther, assignedCase
    case initData, thirdPartyData, paysupport, paysupportWithNumber, terms, notice, walletSession

    /// Whether something of a merchant's is changed by what comes, and not only told.
    var changes: Bool {
        switch self {
        case .shipping, .initData, .thirdPartyData, .paysupport, .paysupportWithNumber, .terms: false
        default: true
        }
    }

    /// The way of each kind of observation: another kind does not compile without one.
    init?(_ observation: Observation) {
        switch observation {
        case .incoming: self = .payment
        case .refunded: self = .refund
        case .vanished: self = .vanished
        // They name nothing of a merchant's.
        case .movement, .sent, .uncertain, .ignored, .setAside: return nil
        @unknown default: return nil
        }
    }

    /// The way of each kind of pushed message.
    init?(_ message: PushedMessage) {
        switch message {
        case .question(let question):
            switch question.topic {
            case .payment: self = .preCheckout
            case .shipping: self = .shipping
            }
        case .observation(let observation): self.init(observation)
        case .subscription: self = .subscriptionChange
        case .nothing: return nil
        }
    }
}

/// By whose provider it comes, and where what it names was opened.
enum Relation: String, CaseIterable, Sendable {
    /// At the merchant's own provider, by which it comes.
    case own
    /// At the operator's provider, by which it comes: another merchant's who is served by it.
    case otherMerchant
    /// At a merchant's own provider; it comes by another merchant's.
    case otherBot
    /// At a merchant's own provider; it comes by the operator's.
    case byTheOperators
    /// At the operator's provider; it comes by a merchant's own.
    case atTheOperators
    /// Nowhere.
    case none

    /// Whether what is named may be touched, or told of.
    var mayTouch: Bool { self == .own || self == .otherMerchant }
}
