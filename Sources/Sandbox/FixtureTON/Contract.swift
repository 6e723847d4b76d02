import TON

/// The contracts that answer messages: modelled, not run.
enum Contract {
    /// The outcome of a message.
    struct Outcome {
        let phase: ComputePhase
        let data: Cell?
        let actions: [OutgoingActions.Send]

        var isSuccess: Bool {
            if case .executed(let result) = phase { return result.success }
            return false
        }
    }

    /// Runs a message on an account that has received its value.
    static func run(
        _ message: InternalMessage,
        on account: ChainState.Account,
        at address: TONAddress,
        time: UInt32
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
        if code == FixtureJetton.swallowingCode {
            // More than all coins together, so that the action phase fails.
            let beyond = try InternalMessage(bounce: false, destination: address, value: 1 << 100, body: Cell.empty())
            let action = try OutgoingActions.Send(mode: 0, cell: beyond.cell())
            return Outcome(phase: .executed(.ok(exitCode: 0)), data: account.data, actions: [action])
        }
        if code == HighloadWallet.code {
            let messages = WalletRules.listed(in: message, at: address)
            return Outcome(phase: .executed(.ok(exitCode: 0)), data: account.data, actions: messages)
        }
        if let data = account.data, let taken = WalletRules.relayed(in: message, code: code, data: data, at: time) {
            return Outcome(phase: .executed(.ok(exitCode: 0)), data: taken.data, actions: taken.messages)
        }
        // Other wallets accept every message.
        return Outcome(phase: .executed(.ok(exitCode: 0)), data: account.data, actions: [])
    }

    static func failure(_ exitCode: Int32, _ data: Cell?) -> Outcome {
        Outcome(phase: .executed(.ok(exitCode: exitCode)), data: data, actions: [])
    }
}
