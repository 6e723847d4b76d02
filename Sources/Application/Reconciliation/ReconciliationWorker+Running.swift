import Logging
import Providers
import Seams
import Settlement
import Storage

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
        /// Refunds or payouts were stored that may be sent.
        case stored
        /// A duty with this name has something to look at again.
        case again(String)
        /// A duty has ended; after the pause it has something to look at again.
        case ended(Duty, DutyOutcome, again: Duration?)
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
            group.addTask { for await _ in settlement.database.calls(for: .transfers) { sender.yield(.stored) } }
            var roster = DutyRoster()
            var waiting: Set<String> = []
            for await event in events {
                if case .again(let name) = event { waiting.remove(name) }
                // One pause at a time for each duty, however often it is done meanwhile.
                if case .ended(let duty, _, let pause?) = event, waiting.insert(duty.name).inserted {
                    group.addTask {
                        do { try await settlement.clock.sleep(for: pause) } catch { return }
                        sender.yield(.again(duty.name))
                    }
                }
                for duty in choose(after: event, in: &roster) {
                    settlement.duties.show(roster.state(of: duty), of: duty.name)
                    group.addTask {
                        var pass = Pass()
                        let outcome = await carryOut(duty, into: &pass)
                        // A duty that was stopped is neither done nor failed.
                        guard !Task.isCancelled else { return settlement.duties.stop(duty.name) }
                        sender.yield(.ended(duty, outcome, again: pass.again))
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
        case .stored: return roster.begin(among: outgoingDuties, at: now)
        case .again(let name): return roster.begin(among: outgoingDuties.filter { $0.name == name }, at: now)
        case .ended(let duty, let outcome, _):
            let jitter = random.bytes(1)[0]
            let ended = roster.end(duty, with: outcome, at: now, jitter: jitter)
            settlement.duties.show(roster.state(of: duty), of: duty.name)
            // A problem is told when it is new, and not at every attempt.
            for problem in ended.new { logger.warning("\(problem)") }
            return ended.next.map { roster.begin(among: [$0], at: now) } ?? []
        }
    }
}
