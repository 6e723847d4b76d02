package import BigInt
import Cryptography
import EVM
import Money
import Payments
import Providers
import Seams

/// A chain, and what is signed on it.
package struct EVMScheme: Sendable {
    /// The chain (EIP-155).
    package var chainID: UInt64
    /// The most that a unit of gas may cost, in wei.
    package var maximumGasPrice: BigUInt

    /// A chain, and what is signed on it.
    package init(chainID: UInt64, maximumGasPrice: BigUInt = 500_000_000_000) {
        self.chainID = chainID
        self.maximumGasPrice = maximumGasPrice
    }
}

/// The keys of one seed on an EVM chain, by the paths of BIP-44.
///
/// The first address of the first account pays out. Its second address pays the gas for gathering tokens, so that the
/// two never wait for each other's numbers. The second account has an address for each option.
struct EVMKeys: WalletKeys {
    private static let payoutsPath = path([44, 60, 0], [0, 0])
    private static let feesPath = path([44, 60, 0], [0, 1])
    private static let optionsPath = path([44, 60, 1], [])
    /// The most bytes behind the arguments of a call between own accounts: they name the option.
    private static let longestNote = 20

    private let scheme: EVMScheme
    private let coin: AssetID
    private let payouts: Secp256k1.PrivateKey
    private let fees: Secp256k1.PrivateKey
    private let options: ExtendedSecp256k1Key

    init(seed: SecretBytes, scheme: EVMScheme) throws(ProviderError) {
        self.scheme = scheme
        do {
            coin = try AssetID.evm(scheme.chainID)
            let master = try ExtendedSecp256k1Key(seed: seed)
            payouts = try master.derived(Self.payoutsPath).key
            fees = try master.derived(Self.feesPath).key
            options = try master.derived(Self.optionsPath)
        } catch { throw ProviderError(.invalidRequest, "\(error)") }
    }

    private static func path(_ hardened: [UInt32], _ steps: [UInt32]) -> KeyPath {
        KeyPath(steps: hardened.map { $0 + KeyPath.hardened } + steps)
    }

    var parentOfOptions: ParentKey? {
        let half = options.publicHalf
        return ParentKey(key: half.key.compressed, chainCode: half.chainCode.withUnsafeBytes { Array($0) })
    }

    func key(of wallet: OwnWallet) throws(ProviderError) -> Secp256k1.PrivateKey {
        switch wallet {
        case .payouts: return payouts
        case .fees: return fees
        case .option(let option):
            do { return try options.derived(DepositPath.steps(of: option.text)).key } catch {
                throw ProviderError(.invalidRequest, error.reason)
            }
        }
    }

    func publicKey(of wallet: OwnWallet) throws(ProviderError) -> [UInt8] {
        try key(of: wallet).publicKey.compressed
    }

    func account(of wallet: OwnWallet) throws(ProviderError) -> String {
        EVMAddress(try key(of: wallet).publicKey).lowercased
    }

    func account(named destination: String) throws(ProviderError) -> String {
        do { return try EVMAddress(destination).lowercased } catch { throw ProviderError(.refused, error.reason) }
    }

    /// Nothing is told on this rail.
    func message(saying comment: String?) -> [UInt8] { [] }

    func sign(_ content: [UInt8], by wallet: OwnWallet) throws(ProviderError) -> [UInt8] {
        let key = try key(of: wallet)
        do { return try EVMSignature(of: Keccak256.hash(content), by: key).bytes } catch {
            throw ProviderError(.invalidRequest, error.reason)
        }
    }

    func read(_ intent: SigningIntent) throws(ProviderError) -> ReadContent {
        let transaction: EVMTransaction
        do { transaction = try EVMTransaction(unsigned: intent.content) } catch {
            throw ProviderError(.refused, "it is not signed: \(error.reason)")
        }
        guard transaction.chainID == scheme.chainID, transaction.accessList.isEmpty else {
            throw ProviderError(.refused, "it is not signed: it is made for another chain")
        }
        guard transaction.fee.maximum <= scheme.maximumGasPrice else {
            throw ProviderError(.refused, "it is not signed: gas costs more than the configured maximum")
        }
        let note = if case .orders = intent.purpose { 0 } else { Self.longestNote }
        guard let movement = movement(of: transaction, longestNote: note) else {
            throw ProviderError(.refused, "it is not signed: it is neither a transfer of coins nor of tokens")
        }
        return ReadContent(number: Int64(clamping: transaction.nonce), movements: [movement])
    }

    /// What a chain transaction moves: its coins, or tokens by a call of their contract.
    private func movement(of transaction: EVMTransaction, longestNote: Int) -> ReadMovement? {
        guard let receiver = transaction.to else { return nil }
        let data = transaction.data
        guard data.count > longestNote else {
            return Int256(exactly: BigInt(transaction.value)).map {
                ReadMovement(receiver: receiver.lowercased, asset: coin, units: $0, message: [])
            }
        }
        let length = 4 + 2 * 32
        guard transaction.value == 0, data.count >= length, data.count <= length + longestNote,
            let arguments = try? ABIValue.decode([.address, .uint(256)], from: Array(data[4..<length])),
            case .address(let destination) = arguments[0], case .uint(let units) = arguments[1],
            ERC20.transfer(to: destination, amount: units) == Array(data[..<length]),
            let asset = try? AssetID("evm:\(scheme.chainID):erc20:\(receiver.lowercased)"),
            let amount = Int256(exactly: BigInt(units))
        else { return nil }
        return ReadMovement(receiver: destination.lowercased, asset: asset, units: amount, message: [])
    }
}
