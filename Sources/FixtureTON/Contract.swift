import Cryptography
import TON

/// What wallets check before they accept a request (the published contracts).
enum WalletRules {
    /// The exit code with which a wallet refuses; none when it accepts.
    static func exitCode(of request: WalletRequest, wallet: WalletData, at time: UInt32) -> Int32? {
        let isV5 = wallet.version == .v5r1
        let order: [(isWrong: Bool, code: Int32)]
        let key = try? Ed25519.PublicKey(wallet.publicKey)
        let isSigned = key?.isValid(signature: request.signature, for: request.signedHash.bytes) ?? false
        if isV5 {
            order = [
                (!isSigned, 135), (request.seqno != wallet.seqno, 133), (request.walletID != wallet.walletID, 134),
                (request.validUntil <= time, 136),
            ]
        } else {
            // v3 and v4 differ in nothing that matters here but the code of expiry.
            let expired: Int32 = wallet.version == .v4r2 ? 36 : 35
            order = [
                (request.validUntil <= time, expired), (request.seqno != wallet.seqno, 33),
                (request.walletID != wallet.walletID, 34), (!isSigned, 35),
            ]
        }
        return order.first { $0.isWrong }?.code
    }
}

/// The contracts that answer messages: modelled, not run.
enum Contract {
    /// What a message came to.
    struct Outcome {
        let phase: ComputePhase
        let data: Cell?
        let actions: [WalletRequest.Send]

        var isSuccess: Bool {
            if case .executed(let result) = phase { return result.success }
            return false
        }
    }

    /// Runs a message on an account that has received its value.
    static func run(
        _ message: InternalMessage,
        on account: ChainState.Account,
        at address: TONAddress
    ) throws(TONError) -> Outcome {
        guard let code = account.code else { return Outcome(phase: .skipped(.noState), data: nil, actions: []) }
        guard account.balance >= ChainState.Fee.gas else {
            return Outcome(phase: .skipped(.noGas), data: account.data, actions: [])
        }
        if let layout = FixtureJetton.layout(ofCode: code), let data = account.data {
            return try FixtureJetton.run(message, data: data, code: code, layout: layout, at: address)
        }
        if code == FixtureJetton.refusingCode {
            return Outcome(phase: .executed(.ok(exitCode: 0xFFFF)), data: account.data, actions: [])
        }
        // Wallets take everything.
        return Outcome(phase: .executed(.ok(exitCode: 0)), data: account.data, actions: [])
    }

    static func failure(_ exitCode: Int32, _ data: Cell?) -> Outcome {
        Outcome(phase: .executed(.ok(exitCode: exitCode)), data: data, actions: [])
    }
}
