package import Cryptography
import Payments
package import Seams
import StrictJSON

/// Seals personal data (AES-256-GCM, a nonce for each record), so that a copy of the database does not show it.
///
/// The data of a payment is sealed for that payment and its merchant, a pushed message for its place in the inbox.
package struct PersonalDataSeal: Sendable {
    private let key: SealingKey

    /// A seal under a key of 32 bytes that serves nothing else.
    package init(key: SecretBytes, random: any RandomSource) {
        self.key = SealingKey(key, random: random)
    }

    // MARK: - Payments

    private static func purpose(_ payment: PaymentID, _ merchant: MerchantID?) -> String {
        "personal data \(payment.text) \(merchant?.text ?? "nobody")"
    }

    /// Seals the personal data of a payment; it does not open for another payment or merchant.
    ///
    /// - Throws: `CryptographyError`.
    func seal(_ data: PersonalData, of payment: PaymentID, for merchant: MerchantID?) throws -> [UInt8] {
        try key.seal(SecretBytes(data.json.bytes), for: Self.purpose(payment, merchant))
    }

    /// Opens the personal data of a payment.
    ///
    /// - Throws: `CryptographyError` when it was sealed for another payment or merchant, or under another key.
    func open(_ sealed: [UInt8], of payment: PaymentID, for merchant: MerchantID?) throws -> PersonalData? {
        let bytes = try key.open(sealed, for: Self.purpose(payment, merchant))
        return PersonalData(try JSONValue(parsing: bytes.withUnsafeBytes { Array($0) }))
    }

    // MARK: - What a rail has pushed

    /// Seals a message of a rail for its place in the inbox.
    ///
    /// - Throws: `CryptographyError`.
    func seal(message: [UInt8], from source: String, key number: String) throws -> [UInt8] {
        try key.seal(SecretBytes(message), for: "message \(source) \(number)")
    }

    /// Opens a message of a rail.
    ///
    /// - Throws: `CryptographyError` when it was sealed for another place, or under another key.
    func open(message sealed: [UInt8], from source: String, key number: String) throws -> [UInt8] {
        let bytes = try key.open(sealed, for: "message \(source) \(number)")
        return bytes.withUnsafeBytes { Array($0) }
    }

    /// Seals the rail's bytes that were set aside, for their case.
    ///
    /// - Throws: `CryptographyError`.
    func seal(setAside bytes: [UInt8], of opened: CaseID) throws -> [UInt8] {
        try key.seal(SecretBytes(bytes), for: "set aside \(opened.text)")
    }

    /// Opens the rail's bytes that were set aside.
    ///
    /// - Throws: `CryptographyError` when they belong to another case, or were sealed under another key.
    func open(setAside sealed: [UInt8], of opened: CaseID) throws -> [UInt8] {
        let bytes = try key.open(sealed, for: "set aside \(opened.text)")
        return bytes.withUnsafeBytes { Array($0) }
    }
}

extension PersonalData {
    /// The data as JSON, for readers who may see it.
    var json: JSONValue {
        [
            "name": .optional(name),
            "email": .optional(email),
            "phone_number": .optional(phoneNumber),
            "shipping_address": shippingAddress.map(\.json) ?? .null,
            "shipping_option": .optional(shippingOption),
        ]
    }

    init?(_ json: JSONValue) {
        self.init(
            name: json["name"]?.stringValue,
            email: json["email"]?.stringValue,
            phoneNumber: json["phone_number"]?.stringValue,
            shippingAddress: json["shipping_address"].flatMap(Address.init),
            shippingOption: json["shipping_option"]?.stringValue
        )
    }
}

extension PersonalData.Address {
    fileprivate var json: JSONValue {
        [
            "country_code": .string(countryCode), "state": .string(state), "city": .string(city),
            "street_line1": .string(streetLine1), "street_line2": .string(streetLine2),
            "post_code": .string(postCode),
        ]
    }

    fileprivate init?(_ json: JSONValue) {
        guard json.members != nil else { return nil }
        self.init { json[$0]?.stringValue ?? "" }
    }
}
