import Cryptography
package import HTTPMessages
import Seams
import StrictJSON
import Synchronization
import TON

/// The interfaces of toncenter, versions 2 and 3.
extension FixtureTON {
    /// Answers a request to `/api/v2/…`, `/api/v2/jsonRPC` or `/api/v3/…`.
    package func respond(to request: HTTPRequest) async -> HTTPResponse {
        if let failure = takeFailure() { return failure }
        let longest = state.withLock { $0.faults.longestURL }
        guard request.url.utf8.count <= longest else { return Self.problem(414, "Request-URI Too Large") }
        guard let call = ToncenterCall(request) else { return Self.problem(404, "Not Found") }
        do throws(ToncenterError) {
            return call.version == 2
                ? Self.json(200, ["ok": .bool(true), "result": try answerV2(call), "@extra": "0:0:0"])
                : Self.json(200, try answerV3(call))
        } catch {
            guard call.version == 2 else { return Self.problem(error.status, error.reason) }
            let body: JSONValue = [
                "ok": .bool(false), "error": .string(error.reason), "code": .integer(Int64(error.status)),
            ]
            return Self.json(error.status, body)
        }
    }

    private func takeFailure() -> HTTPResponse? {
        state.withLock { state in
            if state.faults.failures > 0 {
                state.faults.failures -= 1
                return Self.problem(500, "internal error")
            }
            guard state.faults.rateLimits > 0 else { return nil }
            state.faults.rateLimits -= 1
            return Self.json(429, ["ok": .bool(false), "result": "Ratelimit exceed", "code": .integer(429)])
        }
    }

    private static func json(_ status: Int, _ value: JSONValue) -> HTTPResponse {
        HTTPResponse(status: status, fields: [HTTPField("Content-Type", "application/json")], body: value.bytes)
    }

    private static func problem(_ status: Int, _ reason: String) -> HTTPResponse {
        json(status, ["error": .string(reason)])
    }

    // MARK: - Version 2

    private func answerV2(_ call: ToncenterCall) throws(ToncenterError) -> JSONValue {
        switch call.method {
        case "getMasterchainInfo":
            let head = state.withLock { $0.visibleBlock }
            return [
                "@type": "blocks.masterchainInfo", "last": blockIDV2(head),
                "state_root_hash": .string(Base64.encode(head.rootHash.bytes)),
                "init": blockIDV2(state.withLock { $0.blocks[0] }),
            ]
        case "getConsensusBlock":
            let head = state.withLock { $0.visibleBlock }
            return ["consensus_block": .integer(Int64(head.seqno)), "timestamp": .integer(Int64(head.time))]
        case "getTransactions": return .array(try transactionsV2(call))
        case "getAddressInformation": return try addressInformationV2(call)
        case "getAddressBalance":
            let address = try call.address()
            return .string("\(state.withLock { $0.account(address).balance })")
        case "getAddressState":
            let address = try call.address()
            return .string(Self.stateWord(state.withLock { $0.account(address).status }))
        case "runGetMethod": return try runGetMethod(call)
        case "getWalletInformation": return try walletInformationV2(call)
        case "sendBoc":
            _ = try broadcast(call)
            return ["@type": "ok"]
        case "sendBocReturnHash":
            let message = try broadcast(call)
            return ["@type": "raw.extMessageInfo", "hash": .string(Base64.encode(message.cell.bytes))]
        default: throw ToncenterError(404, "the method \(call.method.prefix(40)) is not known here")
        }
    }

    private func blockIDV2(_ block: ChainState.Block) -> JSONValue {
        let hash = Base64.encode(block.rootHash.bytes)
        return [
            "@type": "ton.blockIdExt", "workchain": .integer(-1), "shard": "-9223372036854775808",
            "seqno": .integer(Int64(block.seqno)), "root_hash": .string(hash), "file_hash": .string(hash),
        ]
    }

    private static func stateWord(_ status: AccountStatus) -> String {
        switch status {
        case .active: "active"
        case .frozen: "frozen"
        case .uninitialised, .nonexistent: "uninitialized"
        }
    }

    private func addressInformationV2(_ call: ToncenterCall) throws(ToncenterError) -> JSONValue {
        let address = try call.address()
        let (account, head) = state.withLock { ($0.shown(address), $0.visibleBlock) }
        let last = visibleHistory(of: address).last
        return [
            "@type": "raw.fullAccountState", "balance": .string("\(account.balance)"),
            "extra_currencies": [],
            "code": .string(try Self.base64(account.code)), "data": .string(try Self.base64(account.data)),
            "last_transaction_id": transactionID(last?.head.lt ?? 0, last?.hash ?? .zero),
            "block_id": blockIDV2(head), "frozen_hash": "", "sync_utime": .integer(Int64(head.time)),
            "state": .string(Self.stateWord(account.status)),
        ]
    }

    private func walletInformationV2(_ call: ToncenterCall) throws(ToncenterError) -> JSONValue {
        let address = try call.address()
        let account = state.withLock { $0.account(address) }
        var members: [JSONValue.Member] = [
            .init("wallet", .bool(account.code != nil)), .init("balance", .string("\(account.balance)")),
            .init("account_state", .string(Self.stateWord(account.status))),
            .init("last_transaction_id", transactionID(account.lastLT, account.lastHash)),
        ]
        if let code = account.code, let data = account.data, let version = WalletVersion(codeHash: code.hash),
            let wallet = try? WalletData(parsing: data, version: version)
        {
            members.append(.init("wallet_type", .string("wallet \(version.rawValue)")))
            members.append(.init("seqno", .integer(Int64(wallet.seqno))))
        }
        return .object(members)
    }

    func transactionID(_ lt: UInt64, _ hash: CellHash) -> JSONValue {
        [
            "@type": "internal.transactionId", "lt": .string("\(lt)"),
            "hash": .string(Base64.encode(hash.bytes)),
        ]
    }

    static func base64(_ cell: Cell?) throws(ToncenterError) -> String {
        guard let cell else { return "" }
        do { return Base64.encode(try cell.serialized()) } catch { throw ToncenterError(500, error.description) }
    }

    /// The newest first; a page begins with the chain transaction that its cursor names.
    private func transactionsV2(_ call: ToncenterCall) throws(ToncenterError) -> [JSONValue] {
        let address = try call.address()
        let limit = Int(clamping: call.integer("limit") ?? 10)
        guard (1...100).contains(limit) else { throw ToncenterError(422, "limit lies between 1 and 100") }
        let (entries, faults) = visibleEntries(of: address)
        if takeEmptyPage() { return [] }
        let from = call.integer("lt").map { UInt64(clamping: $0) }
        let to = call.integer("to_lt").map { UInt64(clamping: $0) } ?? 0
        let page = entries.reversed().filter { entry in
            entry.head.lt <= from ?? .max && entry.head.lt > to
        }
        if let from, from > 0, entries.first(where: { $0.head.lt == from }) == nil {
            throw ToncenterError(
                500,
                "LITE_SERVER_UNKNOWN: cannot compute block with specified transaction: lt not in db"
            )
        }
        var values: [JSONValue] = []
        for entry in page.prefix(limit) { values.append(try transactionV2(entry, address, faults)) }
        return values
    }

    /// The history that the node shows, whatever the paging.
    func visibleHistory(of address: TONAddress) -> [ChainState.Entry] {
        state.withLock { state in
            let head = state.visibleBlock.seqno
            return state.shown(address).history.filter { $0.block <= head }
        }
    }

    func visibleEntries(of address: TONAddress) -> ([ChainState.Entry], Faults) {
        state.withLock { state in
            let head = state.visibleBlock.seqno
            var entries = state.shown(address).history.filter { $0.block <= head }
            if state.faults.hasGaps {
                entries = entries.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
            }
            return (entries, state.faults)
        }
    }

    func takeEmptyPage() -> Bool {
        state.withLock { state in
            guard state.faults.emptyPages > 0 else { return false }
            state.faults.emptyPages -= 1
            return true
        }
    }

    private func transactionV2(
        _ entry: ChainState.Entry,
        _ address: TONAddress,
        _ faults: Faults
    ) throws(ToncenterError) -> JSONValue {
        let hash = faults.liesAboutHashes ? CellHash.zero : entry.hash
        let transaction = entry.transaction
        let fees = transaction?.totalFees ?? 0
        let storage = min(fees, transaction?.description.storage?.collected ?? 0)
        var members: [JSONValue.Member] = [
            .init("@type", "raw.transaction"),
            .init(
                "address",
                ["@type": "accountAddress", "account_address": .string(address.friendly(bounceable: true))]
            ),
            .init("utime", .integer(Int64(entry.head.now))),
            .init("data", .string(try Self.base64(entry.cell))),
            .init("transaction_id", transactionID(entry.head.lt, hash)),
            .init("fee", .string("\(fees)")),
            .init("storage_fee", .string("\(storage)")),
            .init("other_fee", .string("\(fees - storage)")),
        ]
        if let message = transaction?.inMessage { members.append(.init("in_msg", messageV2(message))) }
        members.append(.init("out_msgs", .array((transaction?.outMessages ?? []).map(messageV2))))
        return .object(members)
    }

    private func messageV2(_ message: Message) -> JSONValue {
        switch message {
        case .internal(let message):
            [
                "@type": "raw.message",
                "source": .string(message.source?.friendly(bounceable: true) ?? ""),
                "destination": .string(message.destination.friendly(bounceable: true)),
                "value": .string("\(message.value)"), "fwd_fee": .string("\(message.forwardFee)"),
                "ihr_fee": .string("\(message.extraFlags)"), "created_lt": .string("\(message.createdLT)"),
                "body_hash": .string(Base64.encode(message.body.hash.bytes)),
            ]
        case .externalIn(let message):
            [
                "@type": "raw.message", "source": "",
                "destination": .string(message.destination.friendly(bounceable: true)), "value": "0",
                "fwd_fee": "0", "ihr_fee": "0", "created_lt": "0",
                "body_hash": .string(Base64.encode(message.body.hash.bytes)),
            ]
        case .externalOut(let message):
            [
                "@type": "raw.message", "source": .string(message.source.friendly(bounceable: true)),
                "destination": "", "value": "0", "fwd_fee": "0", "ihr_fee": "0",
                "created_lt": .string("\(message.createdLT)"),
                "body_hash": .string(Base64.encode(message.body.hash.bytes)),
            ]
        }
    }

    // MARK: - Broadcasting

    struct Broadcast {
        let cell: CellHash
        let normalized: CellHash
    }

    /// How a liteserver's refusal begins.
    private static let inapplicable = "LITE_SERVER_UNKNOWN: cannot apply external message to current state : "

    func broadcast(_ call: ToncenterCall) throws(ToncenterError) -> Broadcast {
        let bytes = call.text("boc").flatMap { try? BagOfCells.bytes(ofText: $0) } ?? []
        guard bytes.count <= state.withLock({ $0.faults.longestMessage }) else {
            throw ToncenterError(500, Self.inapplicable + "external message too large, rejecting")
        }
        guard let cell = try? BagOfCells.root(of: bytes),
            case .externalIn(let message) = try? Message(parsing: cell), let hash = try? message.normalizedHash()
        else { throw ToncenterError(422, "boc is no external message") }
        guard cell.depth <= ExternalMessageLimits.maximumDepth else {
            throw ToncenterError(500, Self.inapplicable + "external message is too deep")
        }
        let isLost: Bool = try state.withLock { state throws(ToncenterError) in
            let isWaiting = state.externals.contains { (try? $0.normalizedHash()) == hash }
            if !isWaiting {
                if let refusal = state.refusal(of: message, at: state.head.time) {
                    throw ToncenterError(500, "LITE_SERVER_UNKNOWN: " + refusal)
                }
                if state.faults.lostBroadcasts > 0 {
                    state.faults.lostBroadcasts -= 1
                } else {
                    state.externals.append(message)
                }
            }
            guard state.faults.lostReplies > 0 else { return false }
            state.faults.lostReplies -= 1
            return true
        }
        if isLost { throw ToncenterError(500, "timeout") }
        return Broadcast(cell: cell.hash, normalized: hash)
    }
}
