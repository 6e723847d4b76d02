import HTTPMessages
import Providers
import StrictJSON
import TON

/// A question about many accounts, in as few requests as the node takes.
///
/// What is wrong with one account stays with it: a part of the question that is answered with an error is asked again in
/// halves, until the account is alone.
struct AccountQuestion<Answer: Sendable & Hashable>: Sendable {
    /// How many requests are under way at once.
    private static var width: Int { 16 }
    /// How often at most a part is asked again because its answer was an error or left something out; a part that is too
    /// long is always divided.
    private static var mostRepetitions: Int { 24 }

    let client: ToncenterClient
    /// Whether code and data are asked for.
    let withCells: Bool
    /// What is said of an account that is not in the answer: it has never received anything.
    let absent: Answer
    /// Reads one account of an answer.
    let read: @Sendable (JSONValue) throws(ProviderError) -> (TONAddress, Answer)

    /// What became of a part of the question.
    private enum Outcome: Sendable {
        case answered([TONAddress: Result<Answer, ProviderError>])
        case failed(Failure)
    }

    /// Why a part was not answered.
    private enum Failure: Error {
        /// The node cannot be reached, or wants fewer requests: another part would have no more luck.
        case away(ProviderError)
        /// It was too long.
        case tooLong(ProviderError)
        /// The answer is an error, or cannot be read: one account may be the reason.
        case spoilt(ProviderError)
    }

    /// Asks for all accounts.
    ///
    /// - Parameters:
    ///   - accounts: the accounts, each once.
    ///   - existing: those that are known to exist. An answer without one of them has left something out, so that what else
    ///     is missing in it is asked for again.
    /// - Throws: `ProviderError` when the node answers nothing.
    /// - Returns: the answer for each account, or why there is none.
    func ask(
        for accounts: [TONAddress],
        existing: Set<TONAddress>
    ) async throws(ProviderError) -> [TONAddress: Result<Answer, ProviderError>] {
        var found: [TONAddress: Result<Answer, ProviderError>] = [:]
        var waiting = [accounts]
        var repetitions = 0
        while !waiting.isEmpty {
            let size = client.batches.size
            waiting = waiting.flatMap { Self.parts(of: $0, size.count) }
            // Only a question that is asked by itself shows whether the node takes one of this length.
            let wave = Array(waiting.prefix(size.isProven ? Self.width : 1))
            waiting.removeFirst(wave.count)
            for (part, outcome) in await outcomes(of: wave) {
                let isLast = repetitions >= Self.mostRepetitions
                switch outcome {
                case .answered(let answers):
                    found.merge(answers) { _, new in new }
                    let missing = part.filter { answers[$0] == nil }
                    let isWhole = answers.isEmpty || !missing.contains(where: existing.contains)
                    if !isWhole, !isLast {
                        repetitions += 1
                        waiting.append(missing)
                    } else {
                        let error = ProviderError(.malformed, "the node's answer to accountStates leaves accounts out")
                        for account in missing { found[account] = isWhole ? .success(absent) : .failure(error) }
                    }
                case .failed(.away(let error)): throw error
                case .failed(.tooLong) where part.count > 1: waiting.append(part)
                case .failed(.spoilt) where part.count > 1 && !isLast:
                    repetitions += 1
                    waiting += Self.parts(of: part, (part.count + 1) / 2)
                case .failed(.tooLong(let error)), .failed(.spoilt(let error)):
                    for account in part { found[account] = .failure(error) }
                }
            }
        }
        if let error = Self.commonFailure(of: found) { throw error }
        return found
    }

    /// The failure, when nothing was answered.
    private static func commonFailure(of found: [TONAddress: Result<Answer, ProviderError>]) -> ProviderError? {
        var failure: ProviderError?
        for answer in found.values {
            switch answer {
            case .success: return nil
            case .failure(let error): failure = error
            }
        }
        return failure
    }

    private static func parts(of accounts: [TONAddress], _ size: Int) -> [[TONAddress]] {
        stride(from: 0, to: accounts.count, by: size).map { start in
            Array(accounts[start..<min(start + size, accounts.count)])
        }
    }

    private func outcomes(of wave: [[TONAddress]]) async -> [([TONAddress], Outcome)] {
        await withTaskGroup(of: ([TONAddress], Outcome).self) { group in
            for part in wave { group.addTask { (part, await outcome(of: part)) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    private func outcome(of accounts: [TONAddress]) async -> Outcome {
        do throws(Failure) {
            let elements = try await elements(for: accounts)
            let asked = Set(accounts)
            var answers: [TONAddress: Result<Answer, ProviderError>] = [:]
            for element in elements {
                // An element without an address of ours says nothing.
                guard let address = ToncenterClient.address(in: element), asked.contains(address) else { continue }
                let answer: Result<Answer, ProviderError>
                do throws(ProviderError) { answer = .success(try read(element).1) } catch { answer = .failure(error) }
                if let other = answers.updateValue(answer, forKey: address), other != answer {
                    let reason = "the node's answer says two different things of \(address)"
                    answers[address] = .failure(ProviderError(.malformed, reason))
                }
            }
            return .answered(answers)
        } catch { return .failed(error) }
    }

    /// The elements of the answer to one request.
    private func elements(for accounts: [TONAddress]) async throws(Failure) -> [JSONValue] {
        let isTest = client.network == .testnet
        let query = accounts.map { "address=\($0.friendly(bounceable: true, testOnly: isTest))" }
        let path = "/api/v3/accountStates?\(query.joined(separator: "&"))&include_boc=\(withCells)"
        let response: HTTPResponse
        do throws(HTTPTransportError) { response = try await client.exchange("GET", path, []) } catch {
            let failure = ProviderError(.unavailable, "the node does not answer: \(error.reason)")
            switch error.code {
            case .invalidRequest, .responseTooLarge: throw refused(accounts, failure)
            default: throw .away(failure)
            }
        }
        guard response.status == 200 else {
            let failure = ToncenterClient.failure(response, nil)
            switch response.status {
            // Servers say in each of these ways that the head of a request is too long (RFC 9110 and RFC 6585).
            case 400, 413, 414, 431: throw refused(accounts, failure)
            case 401, 402, 403, 429, 503: throw .away(failure)
            default: throw .spoilt(failure)
            }
        }
        let answer: JSONValue
        do throws(ProviderError) { answer = try ToncenterClient.parse(response) } catch { throw .spoilt(error) }
        guard let elements = answer["accounts"]?.arrayValue else {
            throw .spoilt(ToncenterClient.malformed("accountStates"))
        }
        client.batches.change { $0.answered(accounts.count) }
        return elements
    }

    private func refused(_ accounts: [TONAddress], _ failure: ProviderError) -> Failure {
        client.batches.change { $0.refused(accounts.count) }
        return .tooLong(failure)
    }
}

extension ToncenterClient {
    /// The last chain transactions of many accounts.
    ///
    /// - Throws: `ProviderError` when the node answers nothing.
    /// - Returns: the place of each account, or why it is not known.
    func tips(
        of accounts: [TONAddress],
        existing: Set<TONAddress>
    ) async throws(ProviderError) -> [TONAddress: Result<ChainPlace, ProviderError>] {
        try await AccountQuestion(client: self, withCells: false, absent: ChainPlace.beginning) {
            value throws(ProviderError) in try Self.tip(in: value)
        }
        .ask(for: accounts, existing: existing)
    }

    /// The states of many accounts.
    ///
    /// - Throws: `ProviderError` when the node answers nothing.
    /// - Returns: the state of each account, or why it is not known.
    func accounts(
        _ accounts: [TONAddress]
    ) async throws(ProviderError) -> [TONAddress: Result<AccountState, ProviderError>] {
        try await AccountQuestion(client: self, withCells: true, absent: AccountState.none) {
            value throws(ProviderError) in try Self.state(in: value)
        }
        .ask(for: accounts, existing: [])
    }
}
