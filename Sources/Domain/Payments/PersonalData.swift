/// The data that a rail has collected from a customer for the merchant: name, contact details and shipping.
///
/// It prints as `‹personal data›`, because only authorised readers may see its parts.
package struct PersonalData: Hashable, Sendable {
    /// Where goods are sent.
    package struct Address: Hashable, Sendable {
        /// The country, two letters (ISO 3166-1).
        package let countryCode: String
        /// The state, where the country has any.
        package let state: String
        /// The city.
        package let city: String
        /// The first line of street and house.
        package let streetLine1: String
        /// The second one.
        package let streetLine2: String
        /// The post code.
        package let postCode: String

        /// An address by its parts' names in Telegram (Bot API, `ShippingAddress`).
        package init(named part: (String) -> String) {
            self.init(
                countryCode: part("country_code"),
                state: part("state"),
                city: part("city"),
                streetLine1: part("street_line1"),
                streetLine2: part("street_line2"),
                postCode: part("post_code")
            )
        }

        /// An address; texts that are too long are cut.
        package init(
            countryCode: String,
            state: String,
            city: String,
            streetLine1: String,
            streetLine2: String,
            postCode: String
        ) {
            self.countryCode = PersonalData.bounded(countryCode)
            self.state = PersonalData.bounded(state)
            self.city = PersonalData.bounded(city)
            self.streetLine1 = PersonalData.bounded(streetLine1)
            self.streetLine2 = PersonalData.bounded(streetLine2)
            self.postCode = PersonalData.bounded(postCode)
        }
    }

    /// The most bytes of each part; Telegram's forms take far less.
    package static let byteLimit = 1_024

    /// The customer's name.
    package let name: String?
    /// Their address for email.
    package let email: String?
    /// Their telephone number.
    package let phoneNumber: String?
    /// Where the goods go.
    package let shippingAddress: Address?
    /// The way of shipping that they chose, by its identifier.
    package let shippingOption: String?

    /// A customer's data, nil when all of it is empty; texts that are too long are cut.
    package init?(
        name: String? = nil,
        email: String? = nil,
        phoneNumber: String? = nil,
        shippingAddress: Address? = nil,
        shippingOption: String? = nil
    ) {
        let texts = [name, email, phoneNumber, shippingOption]
        guard shippingAddress != nil || texts.contains(where: { $0 != nil }) else { return nil }
        self.name = name.map(Self.bounded)
        self.email = email.map(Self.bounded)
        self.phoneNumber = phoneNumber.map(Self.bounded)
        self.shippingAddress = shippingAddress
        self.shippingOption = shippingOption.map(Self.bounded)
    }

    /// The text without U+0000, which some databases refuse, cut at the end of a character.
    fileprivate static func bounded(_ text: String) -> String {
        guard text.utf8.count > byteLimit || text.utf8.contains(0) else { return text }
        var count = 0
        var kept = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let scalar: Unicode.Scalar = scalar.value == 0 ? "\u{FFFD}" : scalar
            count += UTF8.width(scalar)
            guard count <= byteLimit else { break }
            kept.append(scalar)
        }
        return String(kept)
    }
}

extension PersonalData: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always `‹personal data›`, also in set-aside observations and in test failures.
    package var description: String { "‹personal data›" }
    /// Always `‹personal data›`.
    package var debugDescription: String { description }
    /// No children.
    package var customMirror: Mirror { Mirror(self, children: EmptyCollection(), displayStyle: .struct) }
}
