package import Payments
package import Providers
import Records
package import Seams
import Storage

/// Payments that a node tells of before they are final: merchants and customers are told, and nothing is booked.
extension Settlement {
    /// Shows payments that were seen, and no longer those that are gone.
    ///
    /// - Parameters:
    ///   - seen: what was seen.
    ///   - gone: the keys of what was seen before and is not to be final any more.
    ///   - provider: the provider that tells it.
    /// - Throws: what the database throws.
    package func show(_ seen: [Sighting], without gone: [NaturalKey], at provider: any PaymentProvider) async throws {
        let now = clock.now()
        let recorder = ObservationRecorder(settlement: self, provider: provider, now: now, isChronological: true)
        try await database.write { session in
            for sighting in seen { try recorder.show(sighting, in: session) }
            for key in gone { try recorder.lose(key, in: session) }
        }
    }

    /// Shows no longer what was seen before a moment of the rail's clock, up to which the history is known by now.
    ///
    /// What has become final was removed with its payment.
    ///
    /// - Throws: what the database throws.
    package func forgetSightings(before moment: Timestamp, at provider: any PaymentProvider) async throws {
        let key = provider.key
        let old = try await database.read { session in
            try session.sightings(provider: key).filter { $0.occurredAt < moment }.map(\.naturalKey)
        }
        guard !old.isEmpty else { return }
        try await show([], without: old, at: provider)
    }
}
