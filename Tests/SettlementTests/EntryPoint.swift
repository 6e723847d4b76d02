import Payments
import Providers

/// The ways in which a message or a person may reach an order.
enum EntryPoint: String, CaseIterable, Sendable {
    case payment, scannedPayment, shownByBalance, sighting, refund, vanished
    case preCheckout, shipping, subscriptionChange, subscriptionRenewal, paidMedia
    case claim, claimByOther, assignedCase
    case initData, thirdPartyData, paysupport, paysupportWithNumber, terms, notice, walletSession

    /// Whether it changes a merchant's objects, and does not only read them.
    var changes: Bool {
        switch self {
        case .shipping, .initData, .thirdPartyData, .paysupport, .paysupportWithNumber, .terms: false
        default: true
        }
    }

    /// The way of each kind of observation; a new kind does not compile without one.
    init?(_ observation: Observation) {
        switch observation {
        case .incoming: self = .payment
        case .refunded: self = .refund
        case .vanished: self = .vanished
        case .mark: self = .shownByBalance
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

/// The provider that delivers a message, and the one where its target was opened.
enum Relation: String, CaseIterable, Sendable {
    /// Opened at the merchant's own provider, which delivers it.
    case own
    /// Opened for another merchant at the operator's provider, which delivers it.
    case otherMerchant
    /// Opened at a merchant's own provider; another merchant's delivers it.
    case otherBot
    /// Opened at a merchant's own provider; the operator's delivers it.
    case byTheOperators
    /// Opened at the operator's provider; a merchant's own delivers it.
    case atTheOperators
    /// Opened nowhere.
    case none

    /// Whether the target may be changed or shown.
    var mayTouch: Bool { self == .own || self == .otherMerchant }
}
