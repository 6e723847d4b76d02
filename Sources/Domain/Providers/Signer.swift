package import Payments

/// Holds the keys of a provider's wallets, and signs what its policy allows.
///
/// It is the only way to a signature that moves money. The provider composes what is signed; the signer reads the
/// composed bytes on its own, compares them with the intent, and asks the permit whether the intent is in the books.
package protocol Signer: Sendable {
    /// The public key of a wallet, in the rail's own form.
    ///
    /// - Throws: ``ProviderError``.
    func publicKey(of wallet: OwnWallet) throws(ProviderError) -> [UInt8]

    /// The key from which everybody can derive the public keys of options' wallets; nil where only the signer can.
    var parentOfOptions: ParentKey? { get }

    /// Signs the content of an intent.
    ///
    /// - Throws: ``ProviderError`` with ``ProviderError/Code/refused`` when the policy does not allow it.
    /// - Returns: the signature, in the rail's own form.
    func sign(_ intent: SigningIntent, under permit: SigningPermit) async throws(ProviderError) -> [UInt8]
}

/// A public key from which others can be derived.
package struct ParentKey: Hashable, Sendable {
    /// The key, in the rail's own form.
    package let key: [UInt8]
    /// What the derivation depends on besides the key.
    ///
    /// With the private key of one derived wallet it leads to those of all, so that it is not printed.
    package let chainCode: [UInt8]

    /// A public key from which others can be derived.
    package init(key: [UInt8], chainCode: [UInt8]) {
        self.key = key
        self.chainCode = chainCode
    }
}

extension ParentKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always `‹redacted›`.
    package var description: String { "‹redacted›" }
    /// Always `‹redacted›`.
    package var debugDescription: String { "‹redacted›" }
    /// No children.
    package var customMirror: Mirror { Mirror(self, children: EmptyCollection(), displayStyle: .struct) }
}

/// What a signature is asked for: the bytes to sign, and what they are meant to do.
package struct SigningIntent: Hashable, Sendable {
    /// Why money moves.
    package enum Purpose: Hashable, Sendable {
        /// Payouts and refunds, which one request carries out together.
        case orders([TransferOrder])
        /// The money on an option's wallet moves to the one that pays out.
        case gathering([OwnMovement])
        /// Options' wallets get coins for the fees of gathering.
        case topUps([OwnMovement])
    }

    /// The wallet that signs.
    package let wallet: OwnWallet
    /// The number that the signature uses up.
    package let number: Int64
    /// Why money moves.
    package let purpose: Purpose
    /// What is signed, in the rail's own form.
    package let content: [UInt8]

    /// What a signature is asked for.
    package init(wallet: OwnWallet, number: Int64, purpose: Purpose, content: [UInt8]) {
        self.wallet = wallet
        self.number = number
        self.purpose = purpose
        self.content = content
    }
}

extension SigningIntent {
    /// What a stored request between own wallets is signed for.
    package init(_ transfer: OwnTransfer) {
        self.init(
            wallet: transfer.wallet,
            number: transfer.number,
            purpose: transfer.wallet == .fees
                ? .topUps(transfer.movements) : .gathering(transfer.movements),
            content: transfer.content
        )
    }
}
