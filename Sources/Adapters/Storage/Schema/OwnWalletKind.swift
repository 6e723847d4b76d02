import Payments
import Records

/// Which of the gateway's own wallets is meant, in a column beside that of the option.
enum OwnWalletKind: String, StoredCode {
    case payouts
    case fees
    case option

    static let columns = "own_wallet"
    static let stored: [Self] = [.payouts, .fees, .option]

    /// The columns of a wallet: an option is named exactly where the wallet is one option's.
    static var wallet: String { "wallet \(column) NOT NULL, option {id}, \(check)" }
    private static var check: String { "CHECK ((wallet = \(option.code)) = (option IS NOT NULL))" }

    /// The kind of a wallet.
    init(_ wallet: OwnWallet) {
        self =
            switch wallet {
            case .payouts: .payouts
            case .fees: .fees
            case .option: .option
            }
    }
}

extension SQLRow {
    /// The wallet in two columns.
    mutating func ownWallet() throws -> OwnWallet {
        let kind = try code(OwnWalletKind.self)
        let option = try optionalID(PaymentOptionKind.self)
        switch (kind, option) {
        case (.payouts, nil): return .payouts
        case (.fees, nil): return .fees
        case (.option, let option?): return .option(option)
        default: throw StorageError(.corrupt, "an own wallet is the \(kind) wallet, and an option is named wrongly")
        }
    }
}
