package import BigInt

/// A link that asks a wallet for a payment (EIP-681).
package enum PaymentLink {
    /// Asks for the chain's own coin.
    package static func coin(to: EVMAddress, amount: BigUInt, chainID: UInt64) -> String {
        "ethereum:\(to)@\(chainID)?value=\(amount)"
    }

    /// Asks for an ERC-20 token.
    package static func token(_ token: EVMAddress, to: EVMAddress, amount: BigUInt, chainID: UInt64) -> String {
        "ethereum:\(token)@\(chainID)/transfer?address=\(to)&uint256=\(amount)"
    }
}
