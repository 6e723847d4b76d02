package import BigInt

/// Calls of an ERC-20 token's contract.
package enum ERC20 {
    /// Transfers `amount` smallest units to an account.
    package static func transfer(to: EVMAddress, amount: BigUInt) -> [UInt8] {
        ABIValue.call("transfer(address,uint256)", [.address(to), .uint(amount)])
    }

    /// Asks for the balance of an account.
    package static func balance(of account: EVMAddress) -> [UInt8] {
        ABIValue.call("balanceOf(address)", [.address(account)])
    }

    /// Asks how many fraction digits the token has.
    package static let decimals = ABIValue.call("decimals()", [])

    /// Reads the answer to ``balance(of:)``.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedABI``.
    package static func amount(_ answer: [UInt8]) throws(EVMError) -> BigUInt {
        guard case .uint(let value)? = try ABIValue.decode([.uint(256)], from: answer).first else { return 0 }
        return value
    }

    /// Whether a call of `transfer` reports success; some tokens return nothing, for example USDT on Ethereum.
    package static func isSuccess(_ answer: [UInt8]) -> Bool {
        guard !answer.isEmpty else { return true }
        return (try? ABIValue.decode([.bool], from: answer)) == [.bool(true)]
    }
}
