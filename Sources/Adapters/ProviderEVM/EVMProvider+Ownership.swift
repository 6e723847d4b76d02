import EVM
package import Providers
import StrictJSON

extension EVMProvider: OwnershipProving {
    /// Checks a message that a wallet has signed (EIP-191, `personal_sign`): `signature` over
    /// `<domain> asks: is this account yours? <challenge>`.
    ///
    /// - Throws: `ProviderError`.
    package func owner(
        proving proof: String,
        challenge: String,
        domain: String
    ) throws(ProviderError) -> String {
        let value = try? JSONValue(parsing: Array(proof.utf8))
        guard let signature = value?["signature"]?.stringValue.flatMap({ try? EVMQuantity.bytes($0) }) else {
            throw ProviderError(.refused, "a proof has 'signature', 0x and 65 bytes")
        }
        let message = "\(domain) asks: is this account yours? \(challenge)"
        do { return try SignedText.signer(of: Array(message.utf8), signature: signature).description } catch {
            throw ProviderError(.refused, error.reason)
        }
    }

    /// An account's owner proves the ownership by a signature.
    package var ownership: (any OwnershipProving)? { self }
}
