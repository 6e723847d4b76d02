import Cryptography
package import Providers
import Seams
import StrictJSON
import TON

extension TONProvider: OwnershipProving {
    /// Checks a `ton_proof` of TON Connect: `address`, `proof` with `timestamp`, `domain`, `signature` and `payload`,
    /// and the wallet's `state_init`, which holds the key and whose hash has to be the address.
    ///
    /// - Throws: `ProviderError`.
    package func owner(
        proving proof: String,
        challenge: String,
        domain: String
    ) throws(ProviderError) -> String {
        let value = try? JSONValue(parsing: Array(proof.utf8))
        guard let item = value?["proof"], let seconds = item["timestamp"]?.integerValue,
            let address = value?["address"]?.stringValue.flatMap({ try? TONAddress($0) }),
            let named = item["domain"]?["value"]?.stringValue ?? item["domain"]?.stringValue,
            let payload = item["payload"]?.stringValue,
            let signature = item["signature"]?.stringValue.flatMap({ try? Base64.decode($0) }),
            let text = value?["state_init"]?.stringValue,
            let state = try? StateInit(parsing: BagOfCells.root(ofText: text))
        else {
            throw ProviderError(.refused, "a proof has 'address', 'state_init' and 'proof' as TON Connect gives them")
        }
        guard address.isOnExistingWorkchain else {
            throw ProviderError(.refused, "there are the workchains 0 and -1 only")
        }
        let made = TONProof(
            address: address,
            domain: named,
            timestamp: Timestamp(seconds: seconds),
            payload: payload,
            signature: signature
        )
        let expected = TONProof.Expectation(domain: domain, payload: challenge, now: clock.now())
        if let refusal = made.refusal(expecting: expected, stateInit: state, claimedKey: nil) {
            throw ProviderError(.refused, refusal)
        }
        return address.raw
    }

    /// A wallet's owner proves the ownership by a signature.
    package var ownership: (any OwnershipProving)? { self }
}
