import BigInt
import EVM
import Providers
package import StrictJSON

/// A block as a node gives it, whose hash was computed from its header.
struct ChainBlock: Hashable, Sendable {
    let header: EVMHeader
    let hash: EVMHash
    let transactions: [ChainTransaction]
    /// The withdrawals that the chain has paid to validators' accounts (EIP-4895).
    let withdrawals: [ChainWithdrawal]

    var number: UInt64 { header.number }
}

/// A chain transaction in a block.
struct ChainTransaction: Hashable, Sendable {
    let hash: EVMHash
    /// The signer as the node states it.
    let statedSender: EVMAddress
    let to: EVMAddress?
    let value: BigUInt
    let nonce: UInt64
    /// The signed chain transaction, where its type is known.
    let signed: EVMTransaction?
}

/// Coins that the chain has paid to a validator's account, without a chain transaction or a fee (EIP-4895).
struct ChainWithdrawal: Hashable, Sendable {
    let index: UInt64
    let validator: UInt64
    let address: EVMAddress
    /// In gwei.
    let amount: UInt64

    var wei: BigUInt { BigUInt(amount) * 1_000_000_000 }

    /// The bytes that the header's withdrawals root covers.
    var encoded: [UInt8] {
        RLPItem.list([.uint64(index), .uint64(validator), .bytes(address.bytes), .uint64(amount)]).encoded
    }
}

/// The receipt of a chain transaction.
struct ChainReceipt: Hashable, Sendable {
    let transaction: EVMHash
    let blockHash: EVMHash
    let blockNumber: UInt64
    let receipt: EVMReceipt
    let gasUsed: UInt64
    let gasPrice: BigUInt
    /// The fee of a layer 2 chain for the data that it writes to layer 1; 0 on other chains.
    let dataFee: BigUInt
    /// The number of each log in its block.
    let logIndexes: [UInt64]

    /// The sender's cost, in wei.
    var fee: BigUInt { gasPrice * BigUInt(gasUsed) + dataFee }
}

/// Reads a node's JSON: the only place with the names of its fields (Ethereum execution API).
extension ChainBlock {
    /// Reads a block with full chain transactions.
    ///
    /// - Throws: `ProviderError` with the code `malformed`, also when the header does not have the stated hash.
    init(_ json: JSONValue) throws(ProviderError) {
        let fields = NodeFields(json, "block")
        var header = EVMHeader(
            parent: try fields.hash("parentHash"),
            number: try fields.uint64("number"),
            timestamp: try fields.uint64("timestamp"),
            gasLimit: try fields.uint64("gasLimit"),
            baseFee: try fields.ifPresent("baseFeePerGas", fields.integer)
        )
        header.uncles = try fields.hash("sha3Uncles")
        header.beneficiary = try fields.address("miner")
        header.stateRoot = try fields.hash("stateRoot")
        header.transactionsRoot = try fields.hash("transactionsRoot")
        header.receiptsRoot = try fields.hash("receiptsRoot")
        header.bloom = try fields.bloom("logsBloom")
        header.difficulty = try fields.integer("difficulty")
        header.gasUsed = try fields.uint64("gasUsed")
        header.extraData = try fields.bytes("extraData")
        header.mixHash = try fields.hash("mixHash")
        header.nonce = try fields.bytes("nonce")
        header.extensions.withdrawalsRoot = try fields.ifPresent("withdrawalsRoot", fields.hash)
        header.extensions.blobGasUsed = try fields.ifPresent("blobGasUsed", fields.uint64)
        header.extensions.excessBlobGas = try fields.ifPresent("excessBlobGas", fields.uint64)
        header.extensions.parentBeaconRoot = try fields.ifPresent("parentBeaconBlockRoot", fields.hash)
        header.extensions.requestsHash = try fields.ifPresent("requestsHash", fields.hash)
        hash = header.hash
        guard try fields.hash("hash") == hash else {
            throw ProviderError(.malformed, "a node states a hash that is not that of the block's header")
        }
        self.header = header
        var transactions: [ChainTransaction] = []
        for entry in try fields.list("transactions") { transactions.append(try ChainTransaction(entry)) }
        self.transactions = transactions
        var withdrawals: [ChainWithdrawal] = []
        for entry in try fields.ifPresent("withdrawals", fields.list) ?? [] {
            let fields = NodeFields(entry, "withdrawal")
            withdrawals.append(
                ChainWithdrawal(
                    index: try fields.uint64("index"),
                    validator: try fields.uint64("validatorIndex"),
                    address: try fields.address("address"),
                    amount: try fields.uint64("amount")
                )
            )
        }
        self.withdrawals = withdrawals
    }
}

extension ChainTransaction {
    /// Reads a chain transaction.
    ///
    /// - Throws: `ProviderError` with the code `malformed`, also when the signed bytes do not have the stated hash.
    init(_ json: JSONValue) throws(ProviderError) {
        let fields = NodeFields(json, "chain transaction")
        hash = try fields.hash("hash")
        statedSender = try fields.address("from")
        to = try fields.ifPresent("to", fields.address)
        value = try fields.integer("value")
        nonce = try fields.uint64("nonce")
        let type = try fields.ifPresent("type", fields.uint64) ?? 0
        signed = try EVMTransaction(fields, type: type, to: to, value: value, nonce: nonce)
        guard let signed else { return }
        guard signed.hash == hash else {
            throw ProviderError(.malformed, "a node gives a chain transaction that does not have the stated hash")
        }
    }

    /// The signer, proven by the signature; nil for types that cannot be checked.
    var provenSender: EVMAddress? { try? signed?.sender() }

    /// The signer: proven where possible, and otherwise as the node states it.
    var sender: EVMAddress { provenSender ?? statedSender }
}

extension ChainBlock {
    /// Whether the chain transactions and the withdrawals are exactly those that the header covers, in their order.
    var hasItsContent: Bool {
        let raws = transactions.compactMap(\.signed?.raw)
        return raws.count == transactions.count
            && MerklePatriciaTrie.root(ofList: raws) == header.transactionsRoot
            && MerklePatriciaTrie.root(ofList: withdrawals.map(\.encoded))
                == header.extensions.withdrawalsRoot ?? MerklePatriciaTrie.emptyRoot
    }

    /// Whether receipts are exactly those that the header covers.
    ///
    /// The gas and price of each receipt, and the numbers of its logs, have to follow from the other receipts and from
    /// the signed chain transactions.
    func covers(_ receipts: [ChainReceipt]) -> Bool {
        guard receipts.count == transactions.count,
            MerklePatriciaTrie.root(ofList: receipts.map(\.receipt.encoded)) == header.receiptsRoot
        else { return false }
        var (gas, logs): (UInt64, UInt64) = (0, 0)
        for (transaction, receipt) in zip(transactions, receipts) {
            let numbers = (0..<UInt64(receipt.receipt.logs.count)).map { logs + $0 }
            let price = transaction.signed?.fee.price(baseFee: header.baseFee ?? 0)
            guard receipt.receipt.cumulativeGas >= gas, receipt.gasUsed == receipt.receipt.cumulativeGas - gas,
                receipt.logIndexes == numbers, receipt.gasPrice == price
            else { return false }
            gas = receipt.receipt.cumulativeGas
            logs += UInt64(numbers.count)
        }
        return true
    }
}

extension EVMTransaction {
    /// The signed chain transaction, built again from a node's fields; nil for unknown types.
    fileprivate init?(
        _ fields: NodeFields,
        type: UInt64,
        to: EVMAddress?,
        value: BigUInt,
        nonce: UInt64
    ) throws(ProviderError) {
        guard let kind = try fields.kind(type) else { return nil }
        let fee: Fee =
            type >= 2
            ? .dynamic(
                maximum: try fields.integer("maxFeePerGas"),
                priority: try fields.integer("maxPriorityFeePerGas")
            ) : .price(try fields.integer("gasPrice"))
        var chainID = try fields.ifPresent("chainId", fields.uint64)
        let v = try fields.integer("v")
        var isOdd = v == 1
        if type == 0 {
            chainID = v < 35 ? nil : UInt64(exactly: (v - 35) / 2)
            isOdd = v < 35 ? v == 28 : (v - 35) % 2 == 1
        }
        self.init(
            kind: kind,
            chainID: chainID,
            nonce: nonce,
            fee: fee,
            gasLimit: try fields.uint64("gas"),
            to: to,
            value: value,
            data: try fields.bytes("input"),
            accessList: try fields.accessList()
        )
        signature = EVMSignature(isOdd: isOdd, r: try fields.integer("r"), s: try fields.integer("s"))
    }
}

extension NodeFields {
    /// The type of a chain transaction with the fields of that type; nil for unknown types.
    fileprivate func kind(_ type: UInt64) throws(ProviderError) -> EVMTransaction.Kind? {
        switch type {
        case 0: return .legacy
        case 1: return .accessList
        case 2: return .dynamicFee
        case 3:
            var hashes: [EVMHash] = []
            for value in try list("blobVersionedHashes") { hashes.append(try hash(of: value, "blobVersionedHashes")) }
            return .blob(maximumFee: try integer("maxFeePerBlobGas"), hashes: hashes)
        case 4:
            var authorizations: [EVMAuthorization] = []
            for value in try list("authorizationList") {
                let fields = NodeFields(value, "authorization")
                let signature = EVMSignature(
                    isOdd: try fields.uint64("yParity") == 1,
                    r: try fields.integer("r"),
                    s: try fields.integer("s")
                )
                authorizations.append(
                    EVMAuthorization(
                        chainID: try fields.integer("chainId"),
                        address: try fields.address("address"),
                        nonce: try fields.uint64("nonce"),
                        signature: signature
                    )
                )
            }
            return .setCode(authorizations)
        default: return nil
        }
    }
}

extension ChainReceipt {
    init(_ json: JSONValue) throws(ProviderError) {
        let fields = NodeFields(json, "receipt")
        transaction = try fields.hash("transactionHash")
        blockHash = try fields.hash("blockHash")
        blockNumber = try fields.uint64("blockNumber")
        gasUsed = try fields.uint64("gasUsed")
        gasPrice = try fields.integer("effectiveGasPrice")
        dataFee = try fields.ifPresent("l1Fee", fields.integer) ?? 0
        var logs: [EVMLog] = []
        var indexes: [UInt64] = []
        for entry in try fields.list("logs") {
            let log = NodeFields(entry, "log")
            guard entry["removed"]?.boolValue != true else { throw log.malformed("removed") }
            var topics: [EVMHash] = []
            for topic in try log.list("topics") { topics.append(try log.hash(of: topic, "topics")) }
            do {
                logs.append(try EVMLog(address: log.address("address"), topics: topics, data: log.bytes("data")))
            } catch let error as EVMError { throw ProviderError(.malformed, error.reason) } catch {
                throw log.malformed("data")
            }
            indexes.append(try log.uint64("logIndex"))
        }
        logIndexes = indexes
        receipt = EVMReceipt(
            type: UInt8(clamping: try fields.ifPresent("type", fields.uint64) ?? 0),
            isSuccess: try fields.uint64("status") == 1,
            cumulativeGas: try fields.uint64("cumulativeGasUsed"),
            logs: logs
        )
    }
}

extension EVMClient {
    /// Reads a value as every answer that a node may give, and drops the results: for fuzzing.
    package static func readAnswers(_ value: JSONValue) {
        _ = try? ChainBlock(value)
        _ = try? ChainReceipt(value)
        _ = try? ChainTransaction(value)
    }
}

/// The fields of a node's object.
struct NodeFields {
    private let json: JSONValue
    private let what: String

    init(_ json: JSONValue, _ what: String) {
        self.json = json
        self.what = what
    }

    func malformed(_ name: String) -> ProviderError {
        ProviderError(.malformed, "a node gives a \(what) whose '\(name)' cannot be read")
    }

    func ifPresent<Value>(
        _ name: String,
        _ read: (String) throws(ProviderError) -> Value
    ) throws(ProviderError) -> Value? {
        guard let value = json[name], !value.isNull else { return nil }
        return try read(name)
    }

    private func text(_ name: String) throws(ProviderError) -> String {
        guard let text = json[name]?.stringValue else { throw malformed(name) }
        return text
    }

    func list(_ name: String) throws(ProviderError) -> [JSONValue] {
        guard let list = json[name]?.arrayValue else { throw malformed(name) }
        return list
    }

    func hash(_ name: String) throws(ProviderError) -> EVMHash {
        do { return try EVMHash(text(name)) } catch { throw malformed(name) }
    }

    func hash(of value: JSONValue, _ name: String) throws(ProviderError) -> EVMHash {
        do { return try EVMHash(value.stringValue ?? "") } catch { throw malformed(name) }
    }

    func address(_ name: String) throws(ProviderError) -> EVMAddress {
        do { return try EVMAddress(text(name).lowercased()) } catch { throw malformed(name) }
    }

    func integer(_ name: String) throws(ProviderError) -> BigUInt {
        do { return try EVMQuantity.integer(text(name)) } catch { throw malformed(name) }
    }

    func uint64(_ name: String) throws(ProviderError) -> UInt64 {
        do { return try EVMQuantity.uint64(text(name)) } catch { throw malformed(name) }
    }

    func bytes(_ name: String) throws(ProviderError) -> [UInt8] {
        do { return try EVMQuantity.bytes(text(name)) } catch { throw malformed(name) }
    }

    func bloom(_ name: String) throws(ProviderError) -> EVMBloom {
        do { return try EVMBloom(bytes: bytes(name)) } catch { throw malformed(name) }
    }

    func accessList() throws(ProviderError) -> [EVMTransaction.Access] {
        guard let entries = json["accessList"]?.arrayValue else { return [] }
        var list: [EVMTransaction.Access] = []
        for entry in entries {
            let fields = NodeFields(entry, "access list")
            var keys: [EVMHash] = []
            for key in try fields.list("storageKeys") { keys.append(try hash(of: key, "storageKeys")) }
            list.append(EVMTransaction.Access(address: try fields.address("address"), storageKeys: keys))
        }
        return list
    }
}
