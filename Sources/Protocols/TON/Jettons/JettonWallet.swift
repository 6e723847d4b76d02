/// How the data cell of a jetton wallet is laid out.
package enum JettonWalletLayout: String, Hashable, Sendable, CaseIterable {
    /// TEP-74's reference contract: balance, owner, master, code.
    case standard
    /// The governed contract that USDT on TON uses: status, balance, owner, master.
    case stablecoin
}

/// A jetton wallet: one owner's account of one jetton.
///
/// Its address follows from owner, master, code and layout, so that its owner can be verified by computation.
package struct JettonWallet: Hashable, Sendable {
    /// The balance in smallest units.
    package var balance: UInt128
    /// The owner.
    package var owner: TONAddress
    /// The jetton.
    package var master: TONAddress
    /// Whether the issuer has locked it; only in the stablecoin's layout.
    package var status: UInt8

    /// A jetton wallet; a new one is empty and not locked.
    package init(balance: UInt128 = 0, owner: TONAddress, master: TONAddress, status: UInt8 = 0) {
        self.balance = balance
        self.owner = owner
        self.master = master
        self.status = status
    }

    /// Reads the data cell of a jetton wallet.
    ///
    /// - Throws: ``TONError``.
    package init(parsing data: Cell, layout: JettonWalletLayout) throws(TONError) {
        var slice = data.slice()
        status = layout == .stablecoin ? UInt8(try slice.loadUInt(4)) : 0
        balance = try slice.loadCoins()
        guard let owner = try slice.loadAddress(), let master = try slice.loadAddress() else {
            throw TONError(.malformedStructure, "a jetton wallet has an owner and a master")
        }
        self.owner = owner
        self.master = master
    }

    /// The data cell.
    ///
    /// - Throws: ``TONError`` when it does not fit.
    package func data(code: Cell, layout: JettonWalletLayout) throws(TONError) -> Cell {
        var builder = CellBuilder()
        if layout == .stablecoin { try builder.store(uint: status, bits: 4) }
        try builder.store(coins: balance)
        try builder.store(address: owner)
        try builder.store(address: master)
        if layout == .standard { try builder.store(reference: code) }
        return try builder.build()
    }

    /// The initial state of an owner's jetton wallet.
    ///
    /// - Throws: ``TONError``.
    package static func stateInit(
        owner: TONAddress,
        master: TONAddress,
        code: Cell,
        layout: JettonWalletLayout
    ) throws(TONError) -> StateInit {
        let empty = JettonWallet(owner: owner, master: master)
        return StateInit(code: code, data: try empty.data(code: code, layout: layout))
    }

    /// The account of an owner's jetton wallet.
    ///
    /// - Throws: ``TONError``.
    package static func address(
        owner: TONAddress,
        master: TONAddress,
        code: Cell,
        layout: JettonWalletLayout
    ) throws(TONError) -> TONAddress {
        try stateInit(owner: owner, master: master, code: code, layout: layout).address()
    }
}
