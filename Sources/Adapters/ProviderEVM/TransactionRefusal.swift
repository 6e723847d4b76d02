import Providers

/// Why a node refuses a signed chain transaction itself, whatever the state of the accounts: sending the same bytes to it
/// again does not help.
///
/// The words are those of Geth and Reth (`core/txpool`, `internal/ethapi`), Nethermind (`AcceptTxResult`), Besu
/// (`TransactionInvalidReason`) and Erigon (`DiscardReason`), in lower case.
enum TransactionRefusal: Hashable, Sendable, CaseIterable {
    case tooLarge
    case tooMuchGas
    case tooLittleGas
    case feeAboveCap
    case malformed

    private static let words: [(text: String, refusal: Self)] = [
        ("oversized data", .tooLarge), ("maxtxsizeexceeded", .tooLarge),
        ("rlptoolong", .tooLarge),
        ("exceeds block gas limit", .tooMuchGas), ("exceeds block's gas limit", .tooMuchGas),
        ("gas limit too high", .tooMuchGas), ("gas limit is too high", .tooMuchGas), ("gasuintoverflow", .tooMuchGas),
        ("gaslimitexceeded", .tooMuchGas),
        ("gas limit exceeds", .tooMuchGas), ("exceeds maximum gas limit", .tooMuchGas),
        ("intrinsic gas", .tooLittleGas), ("intrinsicgas", .tooLittleGas), ("floor data gas", .tooLittleGas),
        ("exceeds the configured cap", .feeAboveCap), ("fee cap exceeded", .feeAboveCap),
        ("transaction type not supported", .malformed), ("invalid sender", .malformed),
        ("invalid chain id", .malformed), ("wrong chain", .malformed), ("invalid signature", .malformed),
        ("max priority fee per gas higher than max fee per gas", .malformed),
        ("max priority fee per gas exceeds max fee per gas", .malformed),
        ("typed transaction too short", .malformed), ("negative value", .malformed), ("rlp: ", .malformed),
    ]

    /// The refusal that a node's error is; nil when it says something else, for example about balances or nonces.
    init?(_ error: ProviderError) {
        let said = error.reason.lowercased()
        guard let found = Self.words.first(where: { said.contains($0.text) }) else { return nil }
        self = found.refusal
    }

    /// The refusal in our own words.
    var sentence: String {
        switch self {
        case .tooLarge: "its signed request is larger than the nodes take"
        case .tooMuchGas: "it needs more gas than the nodes take"
        case .tooLittleGas: "it has too little gas for what it does"
        case .feeAboveCap: "its fee is above a limit that the nodes' operators have set"
        case .malformed: "its signed request is none that the nodes take"
        }
    }
}
