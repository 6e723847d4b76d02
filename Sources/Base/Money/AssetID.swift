/// Identifies an asset by its chain or system and its contract there; a ticker is only a name.
///
/// | form | example |
/// |---|---|
/// | fiat money | `fiat:EUR` |
/// | Telegram Stars | `telegram:XTR` |
/// | TON coin | `ton:mainnet:native` |
/// | a jetton, by its master | `ton:mainnet:jetton:0:` and 64 lower-case hex digits |
/// | an EVM chain's coin | `evm:1:native` |
/// | an ERC-20 token | `evm:1:erc20:0x` and 40 lower-case hex digits |
package struct AssetID: Hashable, Sendable {
    /// The system in which an asset exists.
    package enum Family: String, Hashable, Sendable, CaseIterable {
        case fiat
        case stars
        case ton
        case evm
    }

    /// The canonical text, compared as bytes.
    package let text: String

    private init(unchecked text: String) {
        self.text = text
    }

    /// Reads the canonical text.
    ///
    /// - Throws: ``MoneyError`` with ``MoneyError/Code/malformed`` for any other text.
    package init(_ text: String) throws(MoneyError) {
        guard text.utf8.count <= 128, Self.isCanonical(text) else {
            throw .malformed("'\(text.prefix(40))' is not an asset identifier; an example is fiat:EUR")
        }
        self.text = text
    }

    /// Telegram Stars.
    package static let stars = Self(unchecked: "telegram:XTR")

    /// US dollars, in which Telegram states the payout for Stars.
    package static let usDollars = Self(unchecked: "fiat:USD")

    /// Fiat money by its three-letter code.
    ///
    /// - Throws: ``MoneyError`` with ``MoneyError/Code/malformed`` when the code is malformed.
    package static func fiat(_ code: String) throws(MoneyError) -> Self { try Self("fiat:\(code)") }

    /// TON coin of a network, `mainnet` or `testnet`.
    ///
    /// - Throws: ``MoneyError`` with ``MoneyError/Code/malformed`` when there is no such network.
    package static func ton(_ network: String) throws(MoneyError) -> Self { try Self("ton:\(network):native") }

    /// A jetton of a network by its master, `0:` and 64 lower-case hex digits.
    ///
    /// - Throws: ``MoneyError`` with ``MoneyError/Code/malformed`` when the address is malformed.
    package static func jetton(_ network: String, master: String) throws(MoneyError) -> Self {
        try Self("ton:\(network):jetton:\(master)")
    }

    /// The coin of an EVM chain.
    ///
    /// - Throws: ``MoneyError`` when the chain number is invalid.
    package static func evm(_ chainID: UInt64) throws(MoneyError) -> Self { try Self("evm:\(chainID):native") }

    /// The system in which the asset exists.
    package var family: Family {
        if text.hasPrefix("fiat:") { return .fiat }
        if text.hasPrefix("ton:") { return .ton }
        return text.hasPrefix("evm:") ? .evm : .stars
    }

    /// The master of a jetton, `0:` and 64 hex digits; nil for every other asset.
    package var jettonMaster: String? {
        let parts = text.split(separator: ":", maxSplits: 3)
        return parts.count == 4 && parts[0] == "ton" ? String(parts[3]) : nil
    }

    /// The contract of an ERC-20 token, `0x` and 40 hex digits in lower case; nil for every other asset.
    package var tokenContract: String? {
        let parts = text.split(separator: ":")
        return parts.count == 4 && parts[0] == "evm" ? String(parts[3]) : nil
    }

    private static func isCanonical(_ text: String) -> Bool {
        // The most frequent identifiers are compared directly.
        if text == "ton:mainnet:native" || text == "ton:testnet:native" || text == stars.text { return true }
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        switch (Substring(parts[0]), parts.count) {
        case ("fiat", 2):
            return parts[1].count == 3 && parts[1].allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
        case ("telegram", 2): return parts[1].elementsEqual("XTR".utf8)
        case ("ton", 3): return isTONNetwork(parts[1]) && parts[2].elementsEqual("native".utf8)
        case ("ton", 5):
            let workchain = parts[3].elementsEqual("0".utf8) || parts[3].elementsEqual("-1".utf8)
            return isTONNetwork(parts[1]) && parts[2].elementsEqual("jetton".utf8) && workchain
                && isLowerHex(parts[4], 64)
        case ("evm", 3): return isChain(parts[1]) && parts[2].elementsEqual("native".utf8)
        case ("evm", 4):
            return isChain(parts[1]) && parts[2].elementsEqual("erc20".utf8) && parts[3].starts(with: "0x".utf8)
                && isLowerHex(parts[3].dropFirst(2), 40)
        default: return false
        }
    }

    private static func isTONNetwork(_ part: Substring.UTF8View) -> Bool {
        part.elementsEqual("mainnet".utf8) || part.elementsEqual("testnet".utf8)
    }

    private static func isChain(_ part: Substring.UTF8View) -> Bool {
        !part.isEmpty && part.count <= 18 && part.first != UInt8(ascii: "0")
            && part.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private static func isLowerHex(_ part: Substring.UTF8View, _ count: Int) -> Bool {
        part.count == count
            && part.allSatisfy { byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
            }
    }
}

extension AssetID: Comparable, CustomStringConvertible {
    /// Whether `lhs`'s text comes first in the order of its bytes.
    package static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.text.utf8.lexicographicallyPrecedes(rhs.text.utf8)
    }

    /// The canonical text.
    package var description: String { text }
}

extension AssetID: Codable {
    /// Reads the canonical text.
    package init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    /// Writes the canonical text.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
