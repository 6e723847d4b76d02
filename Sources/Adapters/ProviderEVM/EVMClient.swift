package import EVM
package import HTTPMessages
package import Providers
import Seams
import StrictJSON
import Synchronization

/// JSON-RPC to several nodes of one chain.
///
/// For data that decides about money, as many nodes as the quorum have to agree. A node is trusted only after it has
/// named the right chain and first block, and has to name them again after every failure and in every pass of a scan,
/// because the same address exists on every EVM chain, and a URL may lead to another node at any time.
package struct EVMClient: Sendable {
    /// A node, and the way to it, which may have a budget of its own.
    package struct Node: Sendable {
        /// Its URL.
        package let url: String
        let transport: any HTTPTransport

        /// A node.
        package init(url: String, transport: any HTTPTransport) {
            self.url = url
            self.transport = transport
        }
    }

    /// What is known of the nodes, whatever they are asked for.
    private final class Memory: Sendable {
        let trusted = Mutex<Set<String>>([])
        let attendance = Mutex(NodeAttendance())
    }

    /// A call: the method and its parameters.
    struct Call {
        let method: String
        let parameters: [JSONValue]
        /// Whether the called contract may fail: the answer is then null instead of an error.
        var mayFail = false

        init(_ method: String, _ parameters: JSONValue...) {
            self.method = method
            self.parameters = parameters
        }
    }

    /// The most calls in one request.
    private static let batchSize = 100

    /// How long a node may take; a dead node should not hold the others up.
    private static let timeout = Duration.seconds(5)

    private let nodes: [String]
    private let transports: [String: any HTTPTransport]
    let quorum: Int
    /// The chain.
    package let chainID: UInt64
    private let genesis: EVMHash?
    private let memory = Memory()
    private var priority = RequestPriority.scan

    /// A client of some nodes.
    ///
    /// - Parameters:
    ///   - nodes: the nodes, the preferred one first.
    ///   - quorum: how many of them have to agree on data that decides about money.
    ///   - chainID: the chain that they have to serve (EIP-155).
    ///   - genesis: the hash of the chain's first block, which distinguishes chains with the same number; nil for any.
    /// - Throws: `ProviderError` with the code `invalidRequest` when there are fewer nodes than have to agree.
    package init(
        nodes: [Node],
        quorum: Int,
        chainID: UInt64,
        genesis: EVMHash?
    ) throws(ProviderError) {
        guard quorum >= 1, nodes.count >= quorum, Set(nodes.map(\.url)).count == nodes.count else {
            throw ProviderError(.invalidRequest, "\(quorum) of \(nodes.count) nodes cannot agree; name more nodes")
        }
        self.nodes = nodes.map(\.url)
        transports = Dictionary(uniqueKeysWithValues: nodes.map { ($0.url, $0.transport) })
        self.quorum = quorum
        self.chainID = chainID
        self.genesis = genesis
    }

    /// The same nodes, asked for something else.
    func asked(for priority: RequestPriority) -> Self {
        var client = self
        client.priority = priority
        return client
    }

    // MARK: - Asking

    /// Asks one node after the other until one gives an answer that can be read.
    func ask<Answer>(
        _ calls: [Call],
        reading: ([JSONValue]) throws(ProviderError) -> Answer
    ) async throws(ProviderError) -> Answer {
        var failure = ProviderError(.unavailable, "no node was asked")
        for node in roll().all {
            do {
                let answers = try await answers(of: node, to: calls)
                return try reading(answers)
            } catch { failure = error }
        }
        throw failure
    }

    /// Asks every node, all at once, and returns the answers that could be read, in the order of the nodes.
    ///
    /// Resting nodes are asked only while too few others have answered.
    ///
    /// - Throws: `ProviderError` when fewer nodes than the quorum answered.
    func askAll<Answer>(
        _ calls: [Call],
        reading: ([JSONValue]) throws(ProviderError) -> Answer
    ) async throws(ProviderError) -> [Answer] {
        var found: [Answer] = []
        var failure = ProviderError(.unavailable, "too few nodes answer")
        let roll = roll()
        for outcome in await outcomes(at: roll.awake, of: calls) {
            do { found.append(try reading(outcome.get())) } catch { failure = error }
        }
        for node in roll.all where roll.resting.contains(node) && found.count < quorum {
            do { found.append(try reading(await answers(of: node, to: calls))) } catch { failure = error }
        }
        guard found.count >= quorum else { throw failure }
        return found
    }

    /// The answer on which as many nodes as the quorum agree; no more nodes are asked than needed.
    ///
    /// - Throws: `ProviderError` with the code `malformed` when too few nodes agree on any answer.
    func agreed<Answer: Hashable>(
        _ calls: [Call],
        reading: ([JSONValue]) throws(ProviderError) -> Answer
    ) async throws(ProviderError) -> Answer {
        var counts: [Answer: Int] = [:]
        var failure: ProviderError?
        for node in roll().all {
            do throws(ProviderError) {
                let answer = try reading(try await answers(of: node, to: calls))
                counts[answer, default: 0] += 1
                if counts[answer] == quorum { return answer }
            } catch { failure = error }
        }
        if let failure, counts.values.reduce(0, +) < quorum { throw failure }
        throw ProviderError(.malformed, "the nodes do not agree on \(calls.first?.method ?? "anything")")
    }

    /// The first of the nodes' answers on which as many of them as the quorum agree.
    ///
    /// - Throws: `ProviderError` with the code `malformed` when there is none.
    func agreed<Answer: Hashable>(_ answers: [Answer], on question: String) throws(ProviderError) -> Answer {
        var counts: [Answer: Int] = [:]
        for answer in answers {
            counts[answer, default: 0] += 1
            if counts[answer] == quorum { return answer }
        }
        throw ProviderError(.malformed, "the nodes do not agree on \(question)")
    }

    /// The highest value that as many nodes as the quorum have reached.
    func reached<Value: Comparable>(
        _ calls: [Call],
        reading: ([JSONValue]) throws(ProviderError) -> Value
    ) async throws(ProviderError) -> Value {
        let values = try await askAll(calls, reading: reading).sorted(by: >)
        return values[quorum - 1]
    }

    /// Sends signed bytes to every node; it is enough that one accepts them.
    ///
    /// - Throws: `ProviderError` with the last node's answer.
    func broadcast(_ raw: [UInt8]) async throws(ProviderError) {
        if let failure = await offer(raw)?.last { throw failure }
    }

    /// Sends signed bytes to every node.
    ///
    /// - Returns: what each node answers; nil when one accepts them.
    func offer(_ raw: [UInt8]) async -> [ProviderError]? {
        let calls = [Call("eth_sendRawTransaction", .string(EVMQuantity.data(raw)))]
        var failures: [ProviderError] = []
        var isTaken = false
        func note(_ outcome: Result<[JSONValue], ProviderError>) {
            switch outcome {
            case .success(let answers): isTaken = isTaken || !answers.isEmpty
            case .failure(let error): failures.append(error)
            }
        }
        let roll = roll()
        for outcome in await outcomes(at: roll.awake, of: calls, introducing: true) {
            note(outcome)
        }
        for node in roll.all where roll.resting.contains(node) && !isTaken {
            for outcome in await outcomes(at: [node], of: calls, introducing: true) { note(outcome) }
        }
        return isTaken ? nil : failures
    }

    /// Asks every node for its chain; nodes that cannot be reached are asked when they are needed.
    ///
    /// - Throws: `ProviderError`; with the code `refused` when one serves another chain, `unavailable` when fewer than
    ///   the quorum can be reached.
    func checkNodes() async throws(ProviderError) {
        var failure: ProviderError?
        var reached = 0
        doubtChains()
        for node in nodes {
            do throws(ProviderError) {
                try await introduce(node)
                reached += 1
            } catch {
                guard error.code == .unavailable else { throw error }
                failure = error
            }
        }
        if let failure, reached < quorum { throw failure }
    }

    // MARK: - Requests

    /// The nodes for one question, in the order in which they are asked.
    private func roll() -> NodeAttendance.Roll { memory.attendance.withLock { $0.call(nodes) } }

    /// Has every node name its chain with its next answer.
    func doubtChains() { memory.trusted.withLock { $0 = [] } }

    /// The answers of some nodes, which are asked at once, in their order.
    ///
    /// When they are introduced, each has named its chain before it is sent the calls.
    private func outcomes(
        at nodes: [String],
        of calls: [Call],
        introducing: Bool = false
    ) async -> [Result<[JSONValue], ProviderError>] {
        await withTaskGroup(of: (Int, Result<[JSONValue], ProviderError>).self) { group in
            for (index, node) in nodes.enumerated() {
                group.addTask {
                    do throws(ProviderError) {
                        if introducing { try await introduce(node) }
                        return (index, .success(try await answers(of: node, to: calls)))
                    } catch { return (index, .failure(error)) }
                }
            }
            var outcomes: [(Int, Result<[JSONValue], ProviderError>)] = []
            for await outcome in group { outcomes.append(outcome) }
            return outcomes.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// Asks a node for its chain, unless it is trusted.
    private func introduce(_ node: String) async throws(ProviderError) { _ = try await answers(of: node, to: []) }

    /// The node's answers; one that is not trusted names its chain in the same request.
    private func answers(of node: String, to calls: [Call]) async throws(ProviderError) -> [JSONValue] {
        let isTrusted = memory.trusted.withLock { $0.contains(node) }
        let asked = isTrusted ? calls : Self.introduction + calls
        var answers: [JSONValue] = []
        do throws(ProviderError) {
            for start in stride(from: 0, to: asked.count, by: Self.batchSize) {
                answers += try await send(Array(asked[start..<min(start + Self.batchSize, asked.count)]), to: node)
            }
        } catch {
            // The next answer from this URL may come from another node.
            if error.code == .unavailable { memory.trusted.withLock { _ = $0.remove(node) } }
            throw error
        }
        guard !isTrusted else { return answers }
        try checkChain(chain: answers[0], first: answers[1])
        memory.trusted.withLock { _ = $0.insert(node) }
        return Array(answers.dropFirst(Self.introduction.count))
    }

    /// The questions by which a node names its chain.
    private static var introduction: [Call] {
        [Call("eth_chainId"), Call("eth_getBlockByNumber", "0x0", .bool(false))]
    }

    private func checkChain(chain: JSONValue, first: JSONValue) throws(ProviderError) {
        guard let text = chain.stringValue, (try? EVMQuantity.uint64(text)) == chainID else {
            throw ProviderError(.refused, "a node serves another chain than \(chainID); check the configuration")
        }
        if let genesis, first["hash"]?.stringValue != genesis.description {
            throw ProviderError(.refused, "a node's first block is not \(genesis); check the configuration")
        }
    }

    private func send(_ calls: [Call], to node: String) async throws(ProviderError) -> [JSONValue] {
        let body = JSONValue.array(
            calls.enumerated().map { index, call in
                [
                    "jsonrpc": "2.0", "id": .integer(Int64(index)), "method": .string(call.method),
                    "params": .array(call.parameters),
                ]
            }
        )
        guard let transport = transports[node] else { throw ProviderError(.unavailable, "there is no way to a node") }
        var request = HTTPRequest(
            method: "POST",
            url: node,
            fields: [HTTPField("Content-Type", "application/json"), HTTPField("Accept", "application/json")],
            body: body.bytes,
            timeout: Self.timeout,
            maximumResponseBytes: 64 << 20
        )
        request.priority = priority
        let response: HTTPResponse
        do { response = try await transport.send(request) } catch {
            memory.attendance.withLock { $0.missed(node) }
            throw ProviderError(.unavailable, "a node does not answer: \(error.reason)")
        }
        // One that has too many requests is left alone: the others answer meanwhile.
        let isBusy = response.status == 429 || response.status == 503
        memory.attendance.withLock { isBusy ? $0.missed(node) : $0.answered(node) }
        guard response.status == 200 else {
            throw ProviderError(.unavailable, "a node answers with status \(response.status)")
        }
        let limits = JSONLimits(maximumBytes: 64 << 20, maximumDepth: 16, maximumValues: 4_000_000)
        guard let list = (try? JSONValue(parsing: response.body, limits: limits))?.arrayValue else {
            throw ProviderError(.unavailable, "a node does not answer a batch with a list")
        }
        return try Self.results(list, of: calls)
    }

    /// The results in the order of the calls; answers of a batch may come in any.
    private static func results(_ list: [JSONValue], of calls: [Call]) throws(ProviderError) -> [JSONValue] {
        var results = [JSONValue?](repeating: nil, count: calls.count)
        for answer in list {
            guard let id = answer["id"]?.integerValue.flatMap({ Int(exactly: $0) }), results.indices.contains(id) else {
                throw ProviderError(.unavailable, "a node answers a call that was not made")
            }
            if let error = answer["error"] {
                let message = PeerText(error["message"]?.stringValue ?? "an error").description
                if isOfContract(message) {
                    guard !calls[id].mayFail else {
                        results[id] = .null
                        continue
                    }
                    throw ProviderError(.refused, "the chain would refuse it: \(message)")
                }
                throw ProviderError(.unavailable, "\(ProviderError.nodeSays) \(message)")
            }
            results[id] = answer["result"] ?? .null
        }
        let complete = results.compactMap { $0 }
        guard complete.count == calls.count else { throw ProviderError(.unavailable, "a node left answers out") }
        return complete
    }

    /// Whether an error message is about the contract, and not about the node: a revert, or an exceptional halt
    /// (Ethereum Yellow Paper, 9.4.2), as Geth, Erigon, Besu, Nethermind and Reth word it.
    private static func isOfContract(_ message: String) -> Bool {
        let message = message.lowercased()
        return ["revert", "invalid opcode", "invalid jump", "out of gas", "stack underflow", "stack overflow"].contains
        {
            message.contains($0)
        } || message.hasPrefix("vm execution error")
    }
}

extension ProviderError {
    /// The beginning of the reason of a failure that a node has reported.
    fileprivate static let nodeSays = "a node says:"

    /// Whether a node did answer, but could not give the data.
    var isAnswer: Bool { code == .unavailable && reason.hasPrefix(Self.nodeSays) }
}
