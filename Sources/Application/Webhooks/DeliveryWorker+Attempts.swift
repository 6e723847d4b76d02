import Cryptography
import HTTPMessages
import Logging
import Payments
import Records
import Seams
import Storage

/// Attempts to deliver an event, and what follows from them.
extension DeliveryWorker {
    /// Sends an event to an endpoint.
    ///
    /// - Throws: what the database and the secrets throw, and `CancellationError` when the worker stops: whether the
    ///   endpoint took the event is unknown then.
    /// - Returns: the outcome.
    func attempt(_ delivery: DueDelivery, to endpoint: WebhookEndpointRecord) async throws -> DeliveryOutcome {
        let start = clock.now()
        func outcome(_ status: Int?, _ failure: String?) -> DeliveryOutcome {
            DeliveryOutcome(
                attempt: DeliveryAttempt(
                    number: delivery.attempts + 1,
                    startedAt: start,
                    duration: clock.now().since(start),
                    status: status,
                    failure: failure
                )
            )
        }
        let secrets = try secrets.signing(endpoint, at: start)
        guard let event = try await event(of: delivery, for: endpoint) else {
            return outcome(nil, "the event cannot be read")
        }
        let request = StandardWebhook.request(
            event,
            to: endpoint.url,
            at: start,
            secrets: secrets,
            timeout: DeliveryPlan.timeout
        )
        var sent: DeliveryOutcome
        do throws(HTTPTransportError) {
            let response = try await transport.send(request)
            sent = outcome(response.status, nil)
            sent.retryAfter = response.field("Retry-After").flatMap { Int64($0) }.map {
                Duration.seconds(max(0, min($0, 86_400)))
            }
        } catch {
            try Task.checkCancellation()
            sent = outcome(nil, error.description)
        }
        sent.wasSent = true
        return sent
    }

    /// The event to send to an endpoint; nil when it cannot be read, which holds up no other event.
    private func event(of delivery: DueDelivery, for endpoint: WebhookEndpointRecord) async throws -> EventRecord? {
        do {
            return try await database.read { [complete] session in
                guard let event = try session.event(delivery.event) else { return nil }
                return endpoint.takesPersonalData ? try complete(event, session) : event
            }
        } catch let error as StorageError where !error.liesInValues { throw error } catch is CancellationError {
            throw CancellationError()
        } catch {
            logger.warning("the event \(delivery.event) cannot be told to \(endpoint.id): \(error)")
            return nil
        }
    }

    /// A report with the results of deliveries.
    func concluded(_ report: TurnReport, from ended: [TurnProgress.Ended]) -> TurnReport {
        var whole = report
        let endpoint = report.turn.endpoint
        whole.results = ended.map { delivery, outcome in
            let next = next(after: outcome, at: report.moment)
            guard !outcome.isTaken, next == nil, outcome.wasSent else {
                return DeliveryResult(delivery, outcome.attempt, next: next)
            }
            // It waits until the endpoint is on again.
            let waiting = DeliveryResult(delivery, outcome.attempt, next: report.moment)
            guard endpoint.disabledAt == nil else { return waiting }
            let (status, number) = (outcome.attempt.status, outcome.attempt.number)
            whole.disabling = status == Self.gone ? "it answered 410 Gone" : "it took nothing in \(number) attempts"
            return waiting
        }
        if let reason = whole.disabling { logger.warning("the endpoint \(endpoint.id) is switched off: \(reason)") }
        return whole
    }

    /// By this status a receiver says that it wants no more events.
    private static let gone = 410

    /// When a delivery is tried again; nil when it was taken, or is given up.
    private func next(after outcome: DeliveryOutcome, at moment: Timestamp) -> Timestamp? {
        guard !outcome.isTaken, outcome.attempt.status != Self.gone else { return nil }
        return schedule.next(
            after: outcome.attempt.number,
            at: moment,
            retryAfter: outcome.retryAfter,
            jitter: random.bytes(1)[0]
        )
    }
}
