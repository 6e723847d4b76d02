package import Cryptography
package import HTTPMessages
package import Providers
package import Seams
import StrictJSON
package import TON

/// A client of toncenter that trusts only data that it can verify by hashes.
///
/// Chain transactions come from version 2, because only it returns their cells. Each cell is re-hashed, and account and
/// logical time are read from it. Version 2 answers from the account's state at a masterchain block, so that its chain
/// transactions are final. The head, the network's number and the states of accounts come from version 3; code and data
/// are re-hashed.
package struct ToncenterClient: Sendable {
    private let transport: any HTTPTransport
    private let baseURL: String
    private let apiKey: SecretBytes?
    let network: TONNetwork
    /// How many accounts the node takes in one question.
    let batches = AccountBatches()
    private var priority = RequestPriority.scan

    /// A client.
    ///
    /// - Parameters:
    ///   - transport: the HTTP transport.
    ///   - baseURL: the endpoint, without `/api/…`.
    ///   - apiKey: the key, where the endpoint needs one.
    ///   - network: the network that the endpoint has to serve.
    package init(transport: any HTTPTransport, baseURL: String, apiKey: SecretBytes?, network: TONNetwork) {
        self.transport = transport
        self.baseURL = baseURL
        self.apiKey = apiKey
        self.network = network
    }

    /// The same node, asked for something else.
    func asked(for priority: RequestPriority) -> Self {
        var client = self
        client.priority = priority
        return client
    }

    /// The last masterchain block that the node knows.
    package struct Head: Hashable, Sendable {
        /// Its number.
        package let seqno: Int64
        /// Its time.
        package let time: Timestamp
    }

    /// An account as it is now.
    package struct AccountState: Hashable, Sendable {
        /// Its balance, in nanotons.
        package let balance: UInt128
        /// Its code, when it has any.
        package let code: Cell?
        /// Its data, when it has any.
        package let data: Cell?
        /// The logical time of its last chain transaction; 0 when there is none.
        package let lastLT: UInt64
        /// The hash of its last chain transaction.
        package let lastHash: CellHash

        /// An account that has never received anything.
        static let none = Self(balance: 0, code: nil, data: nil, lastLT: 0, lastHash: .zero)
    }

    /// The head.
    ///
    /// - Throws: `ProviderError`; with the code `refused` when the node serves another network.
    package func head() async throws(ProviderError) -> Head {
        let info = try await get("/api/v3/masterchainInfo")
        guard let last = info["last"], let seqno = last["seqno"]?.integerValue,
            let time = last["gen_utime"]?.stringValue.flatMap({ Int64($0) })
        else { throw Self.malformed("masterchainInfo") }
        if let id = last["global_id"]?.integerValue, id != Int64(network.globalID) {
            throw ProviderError(.refused, "the node is of another network (global id \(id))")
        }
        return Head(seqno: seqno, time: Timestamp(seconds: time))
    }

    /// An account.
    ///
    /// - Throws: `ProviderError`; with the code `malformed` when code or data does not have the hash that the node
    ///   states.
    package func account(_ address: TONAddress) async throws(ProviderError) -> AccountState {
        let answer = try await get("/api/v3/accountStates?address=\(address.raw)&include_boc=true")
        guard let list = answer["accounts"]?.arrayValue else { throw Self.malformed("accountStates") }
        // The account has never received anything.
        guard let value = list.first else { return .none }
        let (found, state) = try Self.state(in: value)
        guard list.count == 1, found == address else { throw Self.malformed("accountStates") }
        return state
    }

    /// An account in an answer to `accountStates`, with its address.
    static func state(in value: JSONValue) throws(ProviderError) -> (TONAddress, AccountState) {
        let (address, last) = try tip(in: value)
        guard let balance = value["balance"]?.stringValue.flatMap({ UInt128($0) }) else {
            throw malformed("accountStates")
        }
        let state = AccountState(
            balance: balance,
            code: try cell(value["code_boc"], hashed: value["code_hash"]),
            data: try cell(value["data_boc"], hashed: value["data_hash"]),
            lastLT: last.lt,
            lastHash: last.hash
        )
        return (address, state)
    }

    /// The last chain transaction of an account in an answer to `accountStates`, with the account's address.
    static func tip(in value: JSONValue) throws(ProviderError) -> (TONAddress, ChainPlace) {
        guard let address = address(in: value) else { throw malformed("accountStates") }
        guard let text = value["last_transaction_lt"]?.stringValue else { return (address, .beginning) }
        guard let lt = UInt64(text), let hash = lt == 0 ? .zero : hash(value["last_transaction_hash"]) else {
            throw malformed("accountStates")
        }
        return (address, ChainPlace(lt: lt, hash: hash))
    }

    static func address(in value: JSONValue) -> TONAddress? {
        value["address"]?.stringValue.flatMap { try? TONAddress($0) }
    }

    /// Chain transactions of an account, the newest first, beginning with the named one.
    ///
    /// Those that cannot be read here are included, with their places.
    ///
    /// - Throws: `ProviderError`; with the code `malformed` when a cell does not have the hash that the node states.
    package func transactions(
        of address: TONAddress,
        lt: UInt64,
        hash: CellHash,
        limit: Int
    ) async throws(ProviderError) -> [AccountStep] {
        let answer = try await resultV2(Self.query(of: address, lt: lt, hash: hash, limit: limit))
        return try Self.steps(of: address, in: answer)
    }

    /// What liteservers say of a chain transaction that there is not.
    private static let denials = [
        "cannot compute block with specified transaction", "cannot contain specified transaction",
        "cannot locate transaction", "transaction hash mismatch",
    ]

    /// The chain transaction at a place; nil when the node says that there is none.
    ///
    /// - Throws: `ProviderError`, also when the node says something else.
    package func transaction(
        of address: TONAddress,
        lt: UInt64,
        hash: CellHash
    ) async throws(ProviderError) -> AccountStep? {
        let query = Self.query(of: address, lt: lt, hash: hash, limit: 1)
        do throws(ProviderError) { return try Self.steps(of: address, in: await resultV2(query)).first } catch {
            guard Self.denials.contains(where: error.reason.contains) else { throw error }
            return nil
        }
    }

    private static func query(of address: TONAddress, lt: UInt64, hash: CellHash, limit: Int) -> String {
        "getTransactions?address=\(address.raw)&lt=\(lt)&hash=\(hash)&limit=\(limit)&archival=true"
    }

    private static func steps(of address: TONAddress, in answer: JSONValue) throws(ProviderError) -> [AccountStep] {
        guard let list = answer.arrayValue else { throw malformed("getTransactions") }
        var steps: [AccountStep] = []
        for value in list {
            guard let cell = try Self.cell(value["data"]), let stated = Self.hash(value["transaction_id"]?["hash"])
            else {
                throw malformed("getTransactions")
            }
            guard cell.hash == stated else {
                throw ProviderError(.malformed, "the node states a hash that is not that of the chain transaction")
            }
            let step: AccountStep
            do { step = try AccountStep(parsing: cell) } catch { throw ProviderError(.malformed, error.description) }
            guard step.head.account == address.hash else {
                throw ProviderError(.malformed, "the node answers with another account's chain transaction")
            }
            steps.append(step)
        }
        return steps
    }

    /// The jetton wallet of an owner, as the jetton's master computes it (TEP-74, `get_wallet_address`).
    ///
    /// - Throws: `ProviderError`; with the code `refused` when there is no jetton.
    package func jettonWallet(of owner: TONAddress, master: TONAddress) async throws(ProviderError) -> TONAddress {
        let call: JSONValue
        do {
            var builder = CellBuilder()
            try builder.store(address: owner)
            let argument = Base64.encode(try builder.build().serialized())
            call = [
                "address": .string(master.raw), "method": "get_wallet_address",
                "stack": [["tvm.Slice", .string(argument)]],
            ]
        } catch { throw ProviderError(.malformed, error.description) }
        let answer = try Self.result(of: await request("POST", "/api/v2/runGetMethod", call.bytes))
        // The exit codes 0 and 1 mean success (TVM, exit codes).
        guard let code = answer["exit_code"]?.integerValue, code == 0 || code == 1 else {
            throw ProviderError(.refused, "there is no jetton at \(master)")
        }
        guard let cell = try Self.cell(answer["stack"]?.arrayValue?.first?.arrayValue?.last?["bytes"]) else {
            throw Self.malformed("get_wallet_address")
        }
        var slice = cell.slice()
        guard let address = try? slice.loadAddress() else { throw Self.malformed("get_wallet_address") }
        return address
    }

    /// Broadcasts a message.
    ///
    /// - Throws: `ProviderError`; with the code `refused` when the node reports that the message cannot be applied; it
    ///   may have been applied before.
    package func send(_ bag: [UInt8]) async throws(ProviderError) {
        let body: JSONValue = ["boc": .string(Base64.encode(bag))]
        let response = try await request("POST", "/api/v2/sendBoc", body.bytes)
        _ = try Self.result(of: response)
    }

    // MARK: - Requests

    private func get(_ path: String) async throws(ProviderError) -> JSONValue {
        let response = try await request("GET", path, [])
        guard response.status == 200 else { throw Self.failure(response, nil) }
        return try Self.parse(response)
    }

    private func resultV2(_ query: String) async throws(ProviderError) -> JSONValue {
        try Self.result(of: await request("GET", "/api/v2/\(query)", []))
    }

    private func request(_ method: String, _ path: String, _ body: [UInt8]) async throws(ProviderError) -> HTTPResponse
    {
        do { return try await exchange(method, path, body) } catch {
            throw ProviderError(.unavailable, "the node does not answer: \(error.reason)")
        }
    }

    func exchange(_ method: String, _ path: String, _ body: [UInt8]) async throws(HTTPTransportError) -> HTTPResponse {
        var fields = [HTTPField("Accept", "application/json")]
        if !body.isEmpty { fields.append(HTTPField("Content-Type", "application/json")) }
        if let apiKey {
            fields.append(HTTPField("X-API-Key", apiKey.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }))
        }
        var request = HTTPRequest(method: method, url: baseURL + path, fields: fields, body: body)
        request.priority = priority
        return try await transport.send(request)
    }

    static func parse(_ response: HTTPResponse) throws(ProviderError) -> JSONValue {
        do {
            return try JSONValue(
                parsing: response.body,
                limits: JSONLimits(maximumBytes: 8 << 20, maximumValues: 500_000)
            )
        } catch {
            let found = "\(response.body.count) bytes that are no JSON (\(error))"
            throw ProviderError(.unavailable, "the node answered \(response.status) with \(found)")
        }
    }

    /// Status 200 alone is no success: the envelope decides.
    private static func result(of response: HTTPResponse) throws(ProviderError) -> JSONValue {
        let envelope = try parse(response)
        if envelope["ok"]?.boolValue == true, let result = envelope["result"] { return result }
        throw failure(response, envelope["error"]?.stringValue.map { PeerText($0) })
    }

    static func failure(_ response: HTTPResponse, _ said: PeerText?) -> ProviderError {
        let reason = said?.description ?? "status \(response.status)"
        if said != nil, reason.contains("cannot apply external message") { return ProviderError(.refused, reason) }
        return ProviderError(.unavailable, "the node says: \(reason)")
    }

    static func hash(_ value: JSONValue?) -> CellHash? {
        guard let text = value?.stringValue,
            let bytes = try? Base64.decode(text, alphabet: .standard, padding: .required)
        else { return nil }
        return try? CellHash(bytes)
    }

    private static func cell(_ value: JSONValue?) throws(ProviderError) -> Cell? {
        guard let text = value?.stringValue, !text.isEmpty else { return nil }
        do { return try BagOfCells.root(ofText: text) } catch { throw ProviderError(.malformed, error.description) }
    }

    /// A cell, which has to have the hash that the node states.
    private static func cell(_ value: JSONValue?, hashed stated: JSONValue?) throws(ProviderError) -> Cell? {
        guard let cell = try cell(value) else { return nil }
        guard cell.hash == hash(stated) else {
            throw ProviderError(.malformed, "the node states a hash that is not that of the account's cell")
        }
        return cell
    }

    static func malformed(_ method: String) -> ProviderError {
        ProviderError(.malformed, "the node's answer to \(method) cannot be read")
    }
}
