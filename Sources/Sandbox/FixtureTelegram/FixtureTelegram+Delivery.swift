import HTTPMessages
import Seams
import StrictJSON
import Synchronization

/// The delivery of updates to bots.
extension FixtureTelegram {
    /// Sends the updates that are due to the webhooks, once.
    ///
    /// An update that is not accepted is tried again after 2, 4, 8 … 60 seconds, and dropped after a day.
    ///
    /// - Returns: how many updates were accepted.
    @discardableResult
    package func deliver() async -> Int {
        var taken = 0
        let bots = state.withLock { $0.bots.values.filter { $0.webhook != nil }.map(\.token).sorted() }
        for token in bots {
            for update in due(token) {
                guard let webhook = state.withLock({ $0.bots[token]?.webhook }) else { break }
                let isTaken = await post(update.body, to: webhook)
                settle(update, of: token, isTaken: isTaken)
                if isTaken { taken += 1 }
            }
        }
        return taken
    }

    /// Delivers until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            renewSubscriptions()
            await deliver()
            do { try await clock.sleep(for: .milliseconds(20)) } catch { return }
        }
    }

    private func due(_ token: String) -> [TelegramState.QueuedUpdate] {
        let now = clock.now()
        return state.withLock { state in
            state.bots[token]?.updates.removeAll { now.since($0.createdAt) > $0.lifetime }
            return state.bots[token]?.updates.filter { $0.nextAttemptAt <= now } ?? []
        }
    }

    private func settle(_ update: TelegramState.QueuedUpdate, of token: String, isTaken: Bool) {
        let now = clock.now()
        state.withLock { state in
            guard let index = state.bots[token]?.updates.firstIndex(where: { $0.id == update.id }) else { return }
            if isTaken {
                state.bots[token]?.updates.remove(at: index)
            } else {
                let attempts = update.attempts + 1
                let wait = Duration.seconds(min(60, 1 << min(attempts, 6)))
                state.bots[token]?.updates[index].attempts = attempts
                state.bots[token]?.updates[index].nextAttemptAt = now.advanced(by: wait)
            }
        }
    }

    /// Posts an update; if the body of the answer names a method, it is a call.
    func post(_ body: JSONValue, to webhook: TelegramState.Webhook) async -> Bool {
        var fields = [HTTPField("Content-Type", "application/json")]
        if !webhook.secret.isEmpty { fields.append(HTTPField("X-Telegram-Bot-Api-Secret-Token", webhook.secret)) }
        let request = HTTPRequest(method: "POST", url: webhook.url, fields: fields, body: body.bytes)
        guard let response = try? await transport.send(request) else { return false }
        guard (200..<300).contains(response.status) else { return false }
        if let reply = try? JSONValue(parsing: response.body), let method = reply["method"]?.stringValue {
            answerQuery(method, reply)
        }
        return true
    }

    private func answerQuery(_ method: String, _ reply: JSONValue) {
        let name = method == "answerShippingQuery" ? "shipping_query_id" : "pre_checkout_query_id"
        guard let id = reply[name]?.stringValue else { return }
        let isAgreed = reply["ok"]?.boolValue == true
        let options = reply["shipping_options"]?.arrayValue ?? []
        let refusal = isAgreed ? nil : reply["error_message"]?.stringValue ?? ""
        _ = answers.answer(id, .init(refusal: refusal, shippingOptions: options))
    }
}
