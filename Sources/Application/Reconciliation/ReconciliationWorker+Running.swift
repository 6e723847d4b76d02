import Logging
import Providers
import Seams
import Settlement

/// How duties are done beside each other while the gateway works.
extension ReconciliationWorker {
    /// What the supervisor hears of.
    private enum Event: Sendable {
        /// It is time to look at every duty.
        case tick
        /// A rail has pushed something.
        case push
        /// A node has told that something moves.
        case ring
        /// A duty has ended.
        case ended(Duty, DutyOutcome)
    }

    /// How long rings are gathered after one was passed on, so that a node that rings all the time causes few scans.
    private static let ringPause = Duration.milliseconds(100)

    /// Does every duty until the task is cancelled, each as a task of its own.
    ///
    /// - Parameters:
    ///   - interval: how long a duty rests before it is done again.
    ///   - pushes: comes when a rail has pushed something that is to be dealt with at once.
    package func run(every interval: Duration, at pushes: AsyncStream<Void>) async {
        let (events, sender) = AsyncStream.makeStream(of: Event.self)
        // Before the first scan, which names the accounts to listen to.
        let (rings, streams) = (doorbell.open(), prepareStreams())
        await withDiscardingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    sender.yield(.tick)
                    do { try await settlement.clock.sleep(for: interval) } catch { return }
                }
            }
            group.addTask { for await _ in pushes { sender.yield(.push) } }
            group.addTask { await keepListening(on: streams) }
            group.addTask {
                for await _ in rings {
                    sender.yield(.ring)
                    do { try await settlement.clock.sleep(for: Self.ringPause) } catch { return }
                }
            }
            var roster = DutyRoster()
            for await event in events {
                for duty in choose(after: event, in: &roster) {
                    settlement.duties.show(roster.state(of: duty), of: duty.name)
                    group.addTask {
                        var pass = Pass()
                        let outcome = await carryOut(duty, into: &pass)
                        // A duty that was stopped is neither done nor failed.
                        guard !Task.isCancelled else { return settlement.duties.stop(duty.name) }
                        sender.yield(.ended(duty, outcome))
                    }
                }
            }
            group.cancelAll()
        }
    }

    /// The duties that begin after an event.
    private func choose(after event: Event, in roster: inout DutyRoster) -> [Duty] {
        let now = settlement.clock.now()
        switch event {
        case .tick: return roster.begin(among: duties, at: now)
        case .ring: return roster.begin(among: answers(to: doorbell.takeRings()) + showings, at: now)
        case .push:
            inboxBell.ring()
            let inboxes = Set(InboxTopic.allCases.map(\.duty))
            return roster.begin(among: duties.filter { inboxes.contains($0.name) }, at: now)
        case .ended(let duty, let outcome):
            let jitter = random.bytes(1)[0]
            let ended = roster.end(duty, with: outcome, at: now, jitter: jitter)
            settlement.duties.show(roster.state(of: duty), of: duty.name)
            // A problem is told when it is new, and not at every attempt.
            for problem in ended.new { logger.warning("\(problem)") }
            return ended.next.map { roster.begin(among: [$0], at: now) } ?? []
        }
    }
}
