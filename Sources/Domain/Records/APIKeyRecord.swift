package import Payments
package import Seams

/// An API key, without its secret part.
package struct APIKeyRecord: Hashable, Sendable {
    /// Its identifier, which is part of the key's text.
    package let id: APIKeyID
    /// The merchant who owns it.
    package let merchant: MerchantID
    /// The SHA-256 digest of the secret part.
    package let digest: [UInt8]
    /// Its purpose, in the merchant's words.
    package let label: String
    /// Its permissions.
    package let access: KeyAccess
    /// The API version that it was made for, a date.
    package let version: String
    /// When it was made.
    package let createdAt: Timestamp
    /// When it was revoked, if ever.
    package var revokedAt: Timestamp?

    /// An API key.
    package init(
        id: APIKeyID,
        merchant: MerchantID,
        digest: [UInt8],
        label: String,
        access: KeyAccess = .secret,
        version: String,
        createdAt: Timestamp,
        revokedAt: Timestamp? = nil
    ) {
        self.id = id
        self.merchant = merchant
        self.digest = digest
        self.label = label
        self.access = access
        self.version = version
        self.createdAt = createdAt
        self.revokedAt = revokedAt
    }
}
