import BigInt
import Cryptography
import EVM
import Money
import Payments
import Providers
import Seams
import TON

@testable import Signing

/// The wallets whose signer is tested.
enum BenchWallet: String, CaseIterable, Sendable {
    case evm
    case v3r2
    case v4r2
    case v5r1
    case highload
}

/// A message as the tests compose it: what leaves, to whom, and what is said.
struct BenchMessage {
    var receiver: String
    var units: Int64
    var comment: String?
    /// The send mode on TON.
    var mode: UInt8 = 3
    /// The data on an EVM chain.
    var data: [UInt8] = []
}

/// A signer with the seed of the tests, and what composes the bytes that it is asked to sign.
struct SigningBench {
    static let seed = [UInt8](repeating: 3, count: 32)
    static let chainID: UInt64 = 31_337

    let wallet: BenchWallet
    let signer: WalletSigner
    let coin: AssetID

    init(_ wallet: BenchWallet) throws {
        self.wallet = wallet
        switch wallet {
        case .evm:
            signer = try WalletSigner(seed: SecretBytes(Self.seed), on: EVMScheme(chainID: Self.chainID))
            coin = try AssetID.evm(Self.chainID)
        default:
            signer = try WalletSigner(
                seed: SecretBytes(Self.seed),
                on: TONScheme(
                    network: .testnet,
                    version: WalletVersion(rawValue: wallet.rawValue) ?? .v4r2,
                    highloadTimeout: wallet == .highload ? 600 : nil
                )
            )
            coin = try AssetID.ton("testnet")
        }
    }

    /// The number that a wallet's permit gives, or that a highload wallet uses.
    func number(of named: OwnWallet = .payouts) -> Int64 {
        wallet == .highload && named == .payouts ? 1_800_000_000_000 : 7
    }

    /// Somebody else's account.
    func stranger(_ number: UInt8) throws -> String {
        if wallet == .evm { return try EVMAddress(bytes: [UInt8](repeating: number, count: 20)).description }
        return try TONAddress(workchain: 0, hash: CellHash([UInt8](repeating: number, count: 32))).raw
    }

    func order(_ id: String, _ units: Int64, to receiver: String, _ comment: String? = nil) -> TransferOrder {
        TransferOrder(
            id: id,
            amount: Amount(asset: coin, units: Int256(units)),
            destination: receiver,
            comment: comment
        )
    }

    /// The permit of a wallet whose books have some orders.
    func permit(
        of wallet: OwnWallet = .payouts,
        _ orders: [TransferOrder] = [],
        own: [OwnTransfer] = []
    ) throws -> SigningPermit {
        let isInAnyOrder = self.wallet == .highload && wallet == .payouts
        let number = number(of: wallet)
        let reading = WalletReading(
            wallet: try signer.account(of: wallet),
            numbers: isInAnyOrder
                ? .inAnyOrder(taken: [], modulus: 1 << 20, since: 0) : .inTurn(next: number, pending: number)
        )
        let books = WalletBooks(signedBelow: number, orders: Set(orders), own: own)
        guard case .allowed(let permit) = SigningPermit.compare(reading, with: books) else {
            throw ProviderError(.held, "no permit")
        }
        return permit
    }

    /// The bytes to sign for messages.
    func content(
        of wallet: OwnWallet = .payouts,
        _ messages: [BenchMessage],
        number: Int64? = nil
    ) throws -> [UInt8] {
        let number = number ?? self.number(of: wallet)
        guard self.wallet != .evm else { return try evmContent(messages[0], number: UInt64(number)) }
        let key = try Ed25519.PublicKey(signer.publicKey(of: wallet))
        let all = try messages.map(message)
        if self.wallet == .highload, wallet == .payouts {
            return try HighloadWallet(publicKey: key, timeout: 600)
                .content(all, sequence: UInt64(number), createdAt: 1_800_000_000).serialized()
        }
        let version = WalletVersion(rawValue: self.wallet.rawValue) ?? .v4r2
        return try Wallet(version: version, publicKey: key, network: .testnet)
            .content(all, seqno: UInt32(clamping: number), validUntil: 1_800_000_300).serialized()
    }

    private func message(_ message: BenchMessage) throws -> WalletMessage {
        try WalletMessage(
            to: TONAddress(message.receiver),
            amount: UInt128(message.units),
            bounce: false,
            body: message.comment.map { try MessageBody.cell(comment: Array($0.utf8)) },
            mode: message.mode
        )
    }

    private func evmContent(_ message: BenchMessage, number: UInt64) throws -> [UInt8] {
        EVMTransaction(
            kind: .dynamicFee,
            chainID: Self.chainID,
            nonce: number,
            fee: .dynamic(maximum: 2_000_000_000, priority: 1_000_000_000),
            gasLimit: 100_000,
            to: try EVMAddress(message.receiver),
            value: BigUInt(message.units),
            data: message.data
        )
        .signingBytes
    }

    /// An intent between own wallets as it is stored.
    func stored(_ intent: SigningIntent) throws -> OwnTransfer {
        let movements: [OwnMovement] =
            switch intent.purpose {
            case .gathering(let movements), .topUps(let movements): movements
            case .orders: []
            }
        return OwnTransfer(
            account: try signer.account(of: intent.wallet),
            wallet: intent.wallet,
            number: intent.number,
            movements: movements,
            content: intent.content,
            createdAt: Timestamp(seconds: 0)
        )
    }

    /// Whether a signature is that of a wallet for some bytes.
    func isSigned(_ content: [UInt8], _ signature: [UInt8], by wallet: OwnWallet = .payouts) throws -> Bool {
        if self.wallet == .evm {
            let signer = try EVMSignature(bytes: signature).signer(of: Keccak256.hash(content))
            return try signer.lowercased == self.signer.account(of: wallet)
        }
        let key = try Ed25519.PublicKey(signer.publicKey(of: wallet))
        return key.isValid(signature: signature, for: try BagOfCells.root(of: content).hash.bytes)
    }

    func intent(
        by wallet: OwnWallet = .payouts,
        number: Int64? = nil,
        _ purpose: SigningIntent.Purpose,
        _ content: [UInt8]
    ) -> SigningIntent {
        SigningIntent(wallet: wallet, number: number ?? self.number(of: wallet), purpose: purpose, content: content)
    }
}
