package import Payments
package import Seams

/// A merchant.
package struct MerchantRecord: Hashable, Sendable {
    /// Its identifier.
    package let id: MerchantID
    /// Its name for people.
    package let name: String
    /// The fee that the gateway keeps of what it receives, in hundredths of a percent.
    package let feeBasisPoints: Int
    /// When it was added.
    package let createdAt: Timestamp

    /// A merchant.
    package init(id: MerchantID, name: String, feeBasisPoints: Int, createdAt: Timestamp) {
        self.id = id
        self.name = name
        self.feeBasisPoints = feeBasisPoints
        self.createdAt = createdAt
    }
}
