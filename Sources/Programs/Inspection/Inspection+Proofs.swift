import StrictJSON
import TON

extension Inspection {
    /// What a Merkle proof proves about a block, and about a chain transaction or an account in it.
    func tonBlockProof(_ input: InspectionInput) throws -> JSONValue {
        let block = try ProvenBlock(try input.cell("block"), rootHash: CellHash(try input.bytes("rootHash")))
        let account = try CellHash(try input.bytes("account"))
        if input.value["lt"] != nil {
            guard let lt = UInt64(try input.text("lt")) else { throw Failure("invalid_input", "'lt' is in digits") }
            let hash = try block.transactionHash(of: account, lt: lt)
            return ["transaction": hash.map { .string($0.description) } ?? .null]
        }
        let state =
            if input.value["state"] != nil {
                try ProvenState(try input.cell("state"), hash: try block.stateHash())
            } else {
                try block.changedState()
            }
        guard let entry = try state.entry(of: account) else { return ["account": .null] }
        var members: [JSONValue.Member] = [
            .init("account", .string(entry.hash.description)), .init("lastHash", .string(entry.lastHash.description)),
            .init("lastLt", .string("\(entry.lastLT)")),
        ]
        let cell = input.value["accountState"] == nil ? entry.cell : try input.cell("accountState")
        if let proven = try ProvenAccount(cell, entry: entry) {
            members += [
                .init("address", .string(proven.address.raw)), .init("balance", .string("\(proven.balance)")),
                .init("status", .string("\(proven.status)")),
                .init("code", proven.state?.code.map { .string($0.hash.description) } ?? .null),
                .init("data", proven.state?.data.map { .string($0.hash.description) } ?? .null),
            ]
        }
        return .object(members)
    }

    /// The identity and the time of a block.
    func tonBlockHeader(_ input: InspectionInput) throws -> JSONValue {
        let block = try ProvenBlock(try input.cell("block"), rootHash: CellHash(try input.bytes("rootHash")))
        let header = try block.header()
        return [
            "workchain": .integer(Int64(header.workchain)), "shard": .string(String(header.shard, radix: 16)),
            "seqno": .integer(Int64(header.seqno)), "time": .integer(Int64(header.time)),
            "startLt": .string("\(header.startLT)"), "endLt": .string("\(header.endLT)"),
        ]
    }
}
