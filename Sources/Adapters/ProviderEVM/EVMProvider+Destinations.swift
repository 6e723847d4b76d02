import EVM
package import Money
package import Providers

extension EVMProvider {
    /// Known burn addresses, and contracts that every Ethereum chain has: the beacon chain's deposit contract, and
    /// those of EIP-2935, EIP-4788, EIP-7002 and EIP-7251.
    private static let burnt = [
        "0x000000000000000000000000000000000000dead", "0xdead000000000000000042069420694206942069",
    ]
    private static let contracts = [
        "0x00000000219ab540356cbb839cbe05303d7705fa", "0x0000f90827f1c53a10cb7a02335b175320002935",
        "0x000f3df6d732807ef1319fb7b8bb8522d0beac02", "0x00000961ef480eb55e80d19ad83579a64c007002",
        "0x0000bbddc7ce488642fb579f8b00f3a590007251",
    ]

    /// The account that a destination names, in lower case.
    ///
    /// - Throws: `DestinationRefusal`.
    package func account(of destination: String, for asset: AssetID) throws(DestinationRefusal) -> String {
        let address: EVMAddress
        do { address = try EVMAddress(destination) } catch { throw DestinationRefusal(.malformed, error.reason) }
        let text = address.lowercased
        if address == .zero || Self.burnt.contains(text) { throw DestinationRefusal(.nobody) }
        // Precompiled contracts, also those that chains add, have addresses below 2^16. Rollups' own contracts begin
        // with 42 or 43 and zeros. Nobody has a key for them.
        let isReserved = address.bytes.dropLast(2).allSatisfy { $0 == 0 }
        let isPredeployed = [0x42, 0x43].contains(address.bytes[0]) && address.bytes[1..<18].allSatisfy { $0 == 0 }
        if isReserved || isPredeployed || Self.contracts.contains(text) { throw DestinationRefusal(.system) }
        if token(at: address) != nil { throw DestinationRefusal(.token) }
        if address == hotAddress || address == gasAddress { throw DestinationRefusal(.own) }
        return text
    }
}
