import Cryptography
import HTTPMessages
import StrictJSON
import Synchronization
import TON

/// The get methods that wallets and jettons have, answered as toncenter's `runGetMethod` does.
extension FixtureTON {
    /// One element of a get method's stack.
    private enum StackValue {
        case number(UInt128)
        case cell(Cell)

        func json() throws(TONError) -> JSONValue {
            switch self {
            case .number(let value): ["num", .string("0x" + String(value, radix: 16))]
            case .cell(let cell): ["cell", ["bytes": .string(Base64.encode(try BagOfCells.serialize([cell])))]]
            }
        }
    }

    func runGetMethod(_ call: ToncenterCall) throws(ToncenterError) -> JSONValue {
        let address = try call.address()
        let account = state.withLock { $0.account(address) }
        let stack: [StackValue]?
        let values: [JSONValue]
        do {
            stack = try getMethod(call, of: account, at: address)
            var list: [JSONValue] = []
            for value in stack ?? [] { list.append(try value.json()) }
            values = list
        } catch { throw ToncenterError(422, error.reason) }
        return [
            "@type": "smc.runResult", "gas_used": .integer(500), "stack": .array(values),
            // Exit code 11 means that the contract has no such method, and -13 that there is no contract.
            "exit_code": .integer(stack != nil ? 0 : account.code == nil ? -13 : 11),
            "last_transaction_id": transactionID(account.lastLT, account.lastHash),
        ]
    }

    private func getMethod(
        _ call: ToncenterCall,
        of account: ChainState.Account,
        at address: TONAddress
    ) throws(TONError) -> [StackValue]? {
        let method = call.text("method") ?? ""
        if method == "get_wallet_address" {
            guard let owner = try call.stackCell()?.slice().nextAddress(),
                let layout = state.withLock({ $0.jettons[address] })
            else { return nil }
            let wallet = try JettonWallet.address(
                owner: owner,
                master: address,
                code: FixtureJetton.code(layout),
                layout: layout
            )
            return [.cell(try Self.cell(wallet))]
        }
        guard let code = account.code, let data = account.data else { return nil }
        if let version = WalletVersion(codeHash: code.hash) {
            let wallet = try WalletData(parsing: data, version: version)
            switch method {
            case "seqno": return [.number(UInt128(wallet.seqno))]
            case "get_subwallet_id", "get_wallet_id": return [.number(UInt128(wallet.walletID))]
            default: return nil
            }
        }
        guard method == "get_wallet_data", let layout = FixtureJetton.layout(ofCode: code) else { return nil }
        let wallet = try JettonWallet(parsing: data, layout: layout)
        return [
            .number(wallet.balance), .cell(try Self.cell(wallet.owner)), .cell(try Self.cell(wallet.master)),
            .cell(code),
        ]
    }

    private static func cell(_ address: TONAddress) throws(TONError) -> Cell {
        var builder = CellBuilder()
        try builder.store(address: address)
        return try builder.build()
    }
}

extension CellSlice {
    fileprivate func nextAddress() throws(TONError) -> TONAddress? {
        var slice = self
        return try slice.loadAddress()
    }
}
