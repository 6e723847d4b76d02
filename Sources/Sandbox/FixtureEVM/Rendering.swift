import BigInt
import EVM
import StrictJSON

/// The JSON of blocks and chain transactions (Ethereum execution API).
extension ChainState.Block {
    private static func hash(_ hash: EVMHash) -> JSONValue { .string(hash.description) }

    func json(full: Bool) -> JSONValue {
        let fields: [(String, JSONValue)] = [
            ("number", .quantity(header.number)), ("hash", Self.hash(hash)), ("parentHash", Self.hash(header.parent)),
            ("sha3Uncles", Self.hash(header.uncles)), ("miner", .string(header.beneficiary.lowercased)),
            ("stateRoot", Self.hash(header.stateRoot)), ("transactionsRoot", Self.hash(header.transactionsRoot)),
            ("receiptsRoot", Self.hash(header.receiptsRoot)), ("logsBloom", .data(header.bloom.bytes)),
            ("difficulty", .quantity(header.difficulty)), ("gasLimit", .quantity(header.gasLimit)),
            ("gasUsed", .quantity(header.gasUsed)), ("timestamp", .quantity(header.timestamp)),
            ("extraData", .data(header.extraData)), ("mixHash", Self.hash(header.mixHash)),
            ("nonce", .data(header.nonce)), ("uncles", []), ("size", .quantity(UInt64(header.encoded.count))),
        ]
        var members = fields.map { JSONValue.Member($0.0, $0.1) }
        if let fee = header.baseFee { members.append(.init("baseFeePerGas", .quantity(fee))) }
        if let root = header.extensions.withdrawalsRoot {
            members += [.init("withdrawalsRoot", Self.hash(root)), .init("withdrawals", .array(payouts))]
        }
        let list = entries.indices.map { full ? transaction($0) : Self.hash(entries[$0].hash) }
        members.append(.init("transactions", .array(list)))
        return .object(members)
    }

    private var payouts: [JSONValue] {
        withdrawals.map { withdrawal in
            [
                "index": .quantity(withdrawal.index), "validatorIndex": .quantity(ChainState.Withdrawal.validator),
                "address": .string(withdrawal.address.lowercased), "amount": .quantity(withdrawal.gwei),
            ]
        }
    }

    func transaction(_ index: Int) -> JSONValue {
        let entry = entries[index]
        let place: [JSONValue.Member] = [
            .init("blockHash", Self.hash(hash)), .init("blockNumber", .quantity(header.number)),
            .init("transactionIndex", .quantity(UInt64(index))), .init("gasPrice", .quantity(entry.gasPrice)),
        ]
        return .object(entry.transaction.members(hash: entry.hash, sender: entry.sender) + place)
    }

    func receipt(_ index: Int, _ faults: FixtureEVM.Faults) -> JSONValue {
        let entry = entries[index]
        let isSuccess = entry.receipt.isSuccess && !faults.deniesSuccess || faults.liesAboutStatus
        return [
            "type": .quantity(UInt64(entry.receipt.type)), "status": .quantity(UInt64(isSuccess ? 1 : 0)),
            "cumulativeGasUsed": .quantity(entry.receipt.cumulativeGas), "gasUsed": .quantity(entry.gasUsed),
            "effectiveGasPrice": .quantity(entry.gasPrice), "logsBloom": .data(entry.receipt.bloom.bytes),
            "logs": .array(logs(of: index, faults)), "transactionHash": Self.hash(entry.hash),
            "transactionIndex": .quantity(UInt64(index)), "blockHash": Self.hash(hash),
            "blockNumber": .quantity(header.number), "from": .string(entry.sender.lowercased),
            "to": .optional(entry.transaction.to?.lowercased),
            "contractAddress": .optional(
                entry.transaction.to == nil
                    ? entry.sender.contract(nonce: entry.transaction.nonce).lowercased : nil
            ),
        ]
    }

    func logs(of index: Int, _ faults: FixtureEVM.Faults) -> [JSONValue] {
        let entry = entries[index]
        return entry.receipt.logs.enumerated().map { position, log in
            let isLie = faults.liesAboutLogs && log.data.count == 32
            return [
                "address": .string(log.address.lowercased), "topics": .array(log.topics.map(Self.hash)),
                "data": .data(isLie ? (BigUInt(bytes: log.data) * 10).word : log.data),
                "blockNumber": .quantity(header.number), "blockHash": Self.hash(hash),
                "blockTimestamp": .quantity(header.timestamp), "transactionHash": Self.hash(entry.hash),
                "transactionIndex": .quantity(UInt64(index)),
                "logIndex": .quantity(UInt64(entry.firstLog + position)), "removed": .bool(false),
            ]
        }
    }
}

extension EVMTransaction {
    /// The fields of a chain transaction, without its place in a block.
    func members(hash: EVMHash, sender: EVMAddress) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = [
            .init("type", .quantity(UInt64(kind.number))), .init("hash", .string(hash.description)),
            .init("from", .string(sender.lowercased)), .init("nonce", .quantity(nonce)),
            .init("to", .optional(to?.lowercased)), .init("value", .quantity(value)),
            .init("gas", .quantity(gasLimit)), .init("input", .data(data)),
        ]
        if let chainID { members.append(.init("chainId", .quantity(chainID))) }
        if case .dynamic(let maximum, let priority) = fee {
            members += [
                .init("maxFeePerGas", .quantity(maximum)), .init("maxPriorityFeePerGas", .quantity(priority)),
            ]
        }
        if kind != .legacy {
            members.append(
                .init(
                    "accessList",
                    .array(
                        accessList.map { access in
                            [
                                "address": .string(access.address.lowercased),
                                "storageKeys": .array(access.storageKeys.map { .string($0.description) }),
                            ]
                        }
                    )
                )
            )
        }
        guard let signature else { return members }
        let parity: UInt64 = signature.isOdd ? 1 : 0
        let v = kind == .legacy ? chainID.map { BigUInt($0) * 2 + 35 } ?? 27 : 0
        members += [
            .init("v", .quantity(v + BigUInt(parity))), .init("r", .quantity(signature.r)),
            .init("s", .quantity(signature.s)),
        ]
        if kind != .legacy { members.append(.init("yParity", .quantity(parity))) }
        return members
    }
}

extension JSONValue {
    static func quantity(_ value: UInt64) -> Self { .string(EVMQuantity.text(value)) }
    static func quantity(_ value: BigUInt) -> Self { .string(EVMQuantity.text(value)) }
    static func data(_ bytes: [UInt8]) -> Self { .string(EVMQuantity.data(bytes)) }
}
