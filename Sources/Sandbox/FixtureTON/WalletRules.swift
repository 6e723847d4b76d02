import Cryptography
import TON

/// How wallets handle an external message (by their published contracts): modelled, not run.
enum WalletRules {
    /// The outcome of a request.
    enum Verdict {
        /// Nothing happens at all; the exit code says why, and is 11 when the code is not that of a known wallet.
        case refused(exitCode: Int32)
        /// The wallet pays for it and sends.
        case accepted(data: Cell, messages: [OutgoingActions.Send])
    }

    /// The verdict of a wallet on a request.
    static func verdict(on body: Cell, code: Cell, data: Cell, at time: UInt32) -> Verdict {
        do {
            if code.hash == HighloadWallet.code.hash {
                return try highload(HighloadRequest(parsing: body), HighloadWalletData(parsing: data), UInt64(time))
            }
            guard let version = WalletVersion(codeHash: code.hash) else { return .refused(exitCode: 11) }
            let request = try WalletRequest(parsing: body, version: version)
            return try numbered(request, WalletData(parsing: data, version: version), time)
        } catch { return .refused(exitCode: 9) }
    }

    /// Has a wallet read an internal message: a wallet of version 5 accepts requests that its key has signed for this.
    ///
    /// - Returns: the wallet's new data and what it sends; nil when the message is no such request.
    static func relayed(
        in message: InternalMessage,
        code: Cell,
        data: Cell,
        at time: UInt32
    ) -> (data: Cell, messages: [OutgoingActions.Send])? {
        guard let version = WalletVersion(codeHash: code.hash), version == .v5r1,
            let request = try? WalletRequest(parsing: message.body, version: version, by: .relay),
            let wallet = try? WalletData(parsing: data, version: version),
            case .accepted(let data, let messages)? = try? numbered(request, wallet, time)
        else { return nil }
        return (data, messages)
    }

    private static func isSigned(_ signature: [UInt8], _ hash: CellHash, by key: [UInt8]) -> Bool {
        (try? Ed25519.PublicKey(key))?.isValid(signature: signature, for: hash.bytes) ?? false
    }

    private static func numbered(
        _ request: WalletRequest,
        _ wallet: WalletData,
        _ time: UInt32
    ) throws(TONError) -> Verdict {
        let isSigned = isSigned(request.signature, request.signedHash, by: wallet.publicKey)
        let order: [(isWrong: Bool, code: Int32)]
        if wallet.version == .v5r1 {
            order = [
                (!isSigned, 135), (request.seqno != wallet.seqno, 133), (request.walletID != wallet.walletID, 134),
                (request.validUntil <= time, 136),
            ]
        } else {
            // For this model v3 and v4 differ only in the exit code of expiry.
            let expired: Int32 = wallet.version == .v4r2 ? 36 : 35
            order = [
                (request.validUntil <= time, expired), (request.seqno != wallet.seqno, 33),
                (request.walletID != wallet.walletID, 34), (!isSigned, 35),
            ]
        }
        if let wrong = order.first(where: \.isWrong) { return .refused(exitCode: wrong.code) }
        var wallet = wallet
        wallet.seqno += 1
        return .accepted(data: try wallet.cell(), messages: request.messages)
    }

    private static func highload(
        _ request: HighloadRequest,
        _ wallet: HighloadWalletData,
        _ time: UInt64
    ) throws(TONError) -> Verdict {
        var wallet = wallet
        wallet.clean(at: time)
        let isTooOld = request.createdAt <= time && time - request.createdAt >= UInt64(wallet.timeout)
        let order: [(isWrong: Bool, code: Int32)] = [
            (!isSigned(request.signature, request.signedHash, by: wallet.publicKey), 33),
            (request.walletID != wallet.walletID, 34), (request.timeout != wallet.timeout, 38),
            (isTooOld || request.createdAt > time, 35), (wallet.hasTaken(request.query), 36),
        ]
        if let wrong = order.first(where: \.isWrong) { return .refused(exitCode: wrong.code) }
        wallet.queries.insert(request.query)
        let send = OutgoingActions.Send(mode: request.message.mode | 2, cell: request.message.message)
        return .accepted(data: try wallet.cell(), messages: [send])
    }

    /// The messages that a highload wallet sends when it gets a request from itself; empty for any other message.
    static func listed(in message: InternalMessage, at address: TONAddress) -> [OutgoingActions.Send] {
        guard message.source == address, case .highloadTransfer = MessageBody(reading: message.body) else { return [] }
        var body = message.body.slice()
        guard (try? body.skip(96)) != nil, let list = try? body.loadReference() else { return [] }
        return (try? OutgoingActions.messages(in: list)) ?? []
    }
}
