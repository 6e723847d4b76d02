import Cryptography
import StrictJSON
import Synchronization
import TON

/// Version 3 of toncenter, as far as a payment processor uses it.
extension FixtureTON {
    func answerV3(_ call: ToncenterCall) throws(ToncenterError) -> JSONValue {
        switch call.method {
        case "masterchainInfo":
            let (head, first) = state.withLock { ($0.visibleBlock, $0.blocks[0]) }
            return ["last": blockV3(head), "first": blockV3(first)]
        case "transactions": return try transactionsV3(call)
        case "accountStates": return try accountStatesV3(call)
        case "message":
            let message = try broadcast(call)
            return [
                "message_hash": .string(Base64.encode(message.cell.bytes)),
                "message_hash_norm": .string(Base64.encode(message.normalized.bytes)),
            ]
        default: throw ToncenterError(404, "the method \(call.method.prefix(40)) is not known here")
        }
    }

    private func blockV3(_ block: ChainState.Block) -> JSONValue {
        let hash = Base64.encode(block.rootHash.bytes)
        return [
            "workchain": .integer(-1), "shard": "8000000000000000", "seqno": .integer(Int64(block.seqno)),
            "root_hash": .string(hash), "file_hash": .string(hash), "global_id": .integer(Int64(network.globalID)),
            "gen_utime": .string("\(block.time)"), "end_lt": .string("\(block.endLT)"),
        ]
    }

    static func raw(_ address: TONAddress?) -> JSONValue {
        address.map { .string("\($0.workchain):\($0.hash.description.uppercased())") } ?? .null
    }

    private func transactionsV3(_ call: ToncenterCall) throws(ToncenterError) -> JSONValue {
        let address = try call.address("account")
        let limit = Int(clamping: call.integer("limit") ?? 10)
        guard (1...1_000).contains(limit) else { throw ToncenterError(422, "limit lies between 1 and 1000") }
        let (entries, _) = visibleEntries(of: address)
        if takeEmptyPage() { return ["transactions": [], "address_book": [:]] }
        let from = UInt64(clamping: call.integer("start_lt") ?? 0)
        let until = call.integer("end_lt").map { UInt64(clamping: $0) } ?? .max
        let inRange = entries.filter { (from...max(from, until)).contains($0.head.lt) }
        let ordered = call.text("sort") == "asc" ? inRange : inRange.reversed()
        let page = ordered.dropFirst(Int(clamping: call.integer("offset") ?? 0)).prefix(limit)
        return ["transactions": .array(page.map { transactionV3($0, address) }), "address_book": [:]]
    }

    func transactionV3(_ entry: ChainState.Entry, _ address: TONAddress) -> JSONValue {
        let (head, transaction) = (entry.head, entry.transaction)
        let sent = zip(transaction?.outMessages ?? [], transaction?.outMessageHashes ?? [])
        return [
            "account": Self.raw(address), "hash": .string(Base64.encode(entry.hash.bytes)),
            "lt": .string("\(head.lt)"), "now": .integer(Int64(head.now)),
            "mc_block_seqno": .integer(Int64(entry.block)),
            "prev_trans_hash": .string(Base64.encode(head.previousHash.bytes)),
            "prev_trans_lt": .string("\(head.previousLT)"),
            "total_fees": .string("\(transaction?.totalFees ?? 0)"),
            "description": [
                "type": "ord", "aborted": .bool(transaction?.description.aborted ?? false),
                "compute_ph": ["success": .bool(transaction?.description.didExecute ?? false)],
            ],
            "in_msg": transaction?.inMessage.map { messageV3($0, transaction?.inMessageHash) } ?? .null,
            "out_msgs": .array(sent.map { messageV3($0, $1) }),
        ]
    }

    private func messageV3(_ message: Message, _ hash: CellHash?) -> JSONValue {
        let hash = JSONValue.optional(hash.map { Base64.encode($0.bytes) })
        switch message {
        case .internal(let message):
            return [
                "hash": hash, "source": Self.raw(message.source), "destination": Self.raw(message.destination),
                "value": .string("\(message.value)"), "fwd_fee": .string("\(message.forwardFee)"),
                "created_lt": .string("\(message.createdLT)"), "bounce": .bool(message.bounce),
                "bounced": .bool(message.bounced),
                "message_content": [
                    "hash": .string(Base64.encode(message.body.hash.bytes)),
                    "body": .optional((try? message.body.serialized()).map { Base64.encode($0) }),
                ],
            ]
        case .externalIn(let message):
            return ["hash": hash, "source": .null, "destination": Self.raw(message.destination), "value": .null]
        case .externalOut(let message):
            return ["hash": hash, "source": Self.raw(message.source), "destination": .null, "value": .null]
        }
    }

    /// The most accounts of an answer, as toncenter limits it.
    private static let mostStates = 1_000

    /// The accounts that exist, in an order of the node's own, and once each.
    private func accountStatesV3(_ call: ToncenterCall) throws(ToncenterError) -> JSONValue {
        let asked = Set(try call.addresses()).map { (text: $0.raw, address: $0) }.sorted { $0.text < $1.text }
        let withCells = call.text("include_boc") != "false"
        let faults = state.withLock { $0.faults }
        var elements: [JSONValue] = []
        for (_, address) in asked where elements.count < min(Self.mostStates, faults.mostStates) {
            if let element = try accountState(address, faults, withCells: withCells) { elements.append(element) }
        }
        return ["accounts": .array(elements), "address_book": [:], "metadata": [:]]
    }

    /// An account; nil when it has never been touched.
    private func accountState(
        _ address: TONAddress,
        _ faults: Faults,
        withCells: Bool
    ) throws(ToncenterError) -> JSONValue? {
        let account = state.withLock { $0.shown(address) }
        let last = visibleHistory(of: address).last
        guard last != nil || account.balance > 0 || account.code != nil else { return nil }
        if faults.unanswerable.contains(address) { throw ToncenterError(500, "cannot scan the row") }
        let hash = { (cell: Cell?) -> String? in
            cell.map { Base64.encode(faults.liesAboutHashes ? CellHash.zero.bytes : $0.hash.bytes) }
        }
        let lastHash = Base64.encode((last?.hash ?? .zero).bytes)
        var members: [JSONValue.Member] = [
            .init("address", Self.raw(address)), .init("balance", .string("\(account.balance)")),
            .init("status", .string(account.status == .active ? "active" : "uninit")),
            .init("last_transaction_hash", .string(faults.unreadable.contains(address) ? "nonsense" : lastHash)),
            .init("last_transaction_lt", .string("\(last?.head.lt ?? 0)")),
            .init("data_hash", .optional(hash(account.data))), .init("code_hash", .optional(hash(account.code))),
        ]
        if withCells {
            let (data, code) = (account.data, account.code)
            members.append(.init("data_boc", .optional(data == nil ? nil : try Self.base64(data))))
            members.append(.init("code_boc", .optional(code == nil ? nil : try Self.base64(code))))
        }
        return .object(members)
    }
}
