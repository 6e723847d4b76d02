package import Payments
package import Seams

/// An address of a merchant that events are sent to.
package struct WebhookEndpointRecord: Hashable, Sendable {
    /// Its identifier.
    package let id: WebhookEndpointID
    /// The merchant who owns it.
    package let merchant: MerchantID
    /// Where events are sent.
    package let url: String
    /// The signing secret, sealed under the gateway's own key.
    package var sealedSecret: [UInt8]
    /// The previous secret, sealed, while both secrets sign.
    package var previousSecret: [UInt8]?
    /// Until when the previous secret signs as well.
    package var previousUntil: Timestamp?
    /// The types of events that are sent; empty for all.
    package let types: [String]
    /// Whether it receives customers' personal data.
    package let takesPersonalData: Bool
    /// Whether it gets one event at a time, in the order of events.
    package var isOrdered: Bool
    /// When it was added.
    package let createdAt: Timestamp
    /// When it was switched off, if ever.
    package var disabledAt: Timestamp?
    /// Why it was switched off.
    package var disabledReason: String?
    /// The number of its changes, with its making.
    package var version: Int64 = 1

    /// An address that events are sent to.
    package init(
        id: WebhookEndpointID,
        merchant: MerchantID,
        url: String,
        sealedSecret: [UInt8],
        types: [String],
        takesPersonalData: Bool = false,
        isOrdered: Bool = false,
        createdAt: Timestamp,
        disabledAt: Timestamp? = nil,
        disabledReason: String? = nil,
        previousSecret: [UInt8]? = nil,
        previousUntil: Timestamp? = nil
    ) {
        self.id = id
        self.merchant = merchant
        self.url = url
        self.sealedSecret = sealedSecret
        self.previousSecret = previousSecret
        self.previousUntil = previousUntil
        self.types = types
        self.takesPersonalData = takesPersonalData
        self.isOrdered = isOrdered
        self.createdAt = createdAt
        self.disabledAt = disabledAt
        self.disabledReason = disabledReason
    }

    /// The type of the question whether the goods of an order are in stock; all other types are events.
    package static let stockQuestion = "stock.question"

    /// Whether it subscribes to events of a type, while it is switched on.
    package func takes(_ type: String) -> Bool { Self.takes(type, of: types) }

    /// Whether a list of types, where an empty list means all, includes a type.
    package static func takes(_ type: String, of types: [String]) -> Bool { types.isEmpty || types.contains(type) }

    /// The types of events as they are stored.
    package static func types(in text: String) -> [String] { text.split(separator: " ").map(String.init) }

    /// Whether it is asked about stock: only an endpoint that names the question is, because most only receive events.
    package var answersStockQuestions: Bool { disabledAt == nil && types.contains(Self.stockQuestion) }
}
