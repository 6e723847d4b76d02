package import Logging
import Payments
import Providers
package import Seams
package import Settlement
import Storage

/// Reads what happened on the rails and brings the books up to date, again and again.
///
/// It keeps nothing in memory that matters: every pass starts from the database, so that it may be stopped at any
/// point.
package struct ReconciliationWorker: Sendable {
    /// How it works.
    package struct Configuration: Sendable {
        /// How long it rests between two passes.
        package var interval: Duration
        /// The most pages that one account gets in a pass, so that a busy one does not starve the others.
        package var pagesPerAccount: Int
        /// The most pushed messages of an inbox that are dealt with at once, each of another lane.
        package var messagesAtOnce: Int
        /// How soon a pushed message is tried again that could not be recorded.
        package var inboxRetryInterval: Duration
        /// How long a piece of work belongs to the process that has taken it, unless the process takes it again.
        package var leaseDuration: Duration
        /// How much wallets may hold whose keys are online.
        package var coldStorage: [ColdStorageRule]
        /// How often the money on accounts of options is gathered.
        package var gatheringInterval: Duration

        /// A configuration; the usual one rests a second.
        package init(
            interval: Duration = .seconds(1),
            pagesPerAccount: Int = 20,
            messagesAtOnce: Int = 16,
            inboxRetryInterval: Duration = .seconds(5),
            gatheringInterval: Duration = .seconds(60),
            leaseDuration: Duration = .seconds(15),
            coldStorage: [ColdStorageRule] = []
        ) {
            self.interval = interval
            self.pagesPerAccount = pagesPerAccount
            self.messagesAtOnce = messagesAtOnce
            self.inboxRetryInterval = inboxRetryInterval
            self.gatheringInterval = gatheringInterval
            self.leaseDuration = leaseDuration
            self.coldStorage = coldStorage
        }
    }

    /// What one pass did.
    package struct Pass: Hashable, Sendable {
        /// How many payments were recorded.
        package var payments = 0
        /// How many other observations were booked.
        package var movements = 0
        /// How many payments were taken back.
        package var undone = 0
        /// How many observations were set aside, because they could not be read or booked.
        package var setAside = 0
        /// How many pushed messages were dealt with.
        package var messages = 0
        /// How many transfers took a step.
        package var outgoing = 0
        /// How many transfers between our own accounts were sent.
        package var gathered = 0
        /// How many invoices and subscriptions ended.
        package var expired = 0
        /// The problems of the pass, each a sentence for a person.
        package var problems: [String] = []
        /// The kinds of the errors behind the problems, without words of a peer.
        package var causes: Set<String> = []
        /// How soon the duty has something to look at again; nil when it waits for its turn.
        var again: Duration?

        /// Adds what another part of the pass did.
        mutating func add(_ part: Self) {
            payments += part.payments
            movements += part.movements
            undone += part.undone
            setAside += part.setAside
            messages += part.messages
            outgoing += part.outgoing
            gathered += part.gathered
            expired += part.expired
            problems += part.problems
            causes.formUnion(part.causes)
            again = [again, part.again].compactMap { $0 }.min()
        }

        /// Whether anything changed, so that another pass may find more.
        package var didSomething: Bool {
            payments + movements + undone + setAside + messages + outgoing + gathered + expired > 0
        }
    }

    /// Deals with a message, given with the source that pushed it; after an error the message is dealt with again.
    package typealias Conversation = @Sendable (_ message: [UInt8], _ source: String) async throws -> String?

    /// Sends customers the notices that are due at a moment.
    package typealias Notices = @Sendable (_ now: Timestamp) async throws -> Void

    let settlement: Settlement
    let configuration: Configuration
    let random: any RandomSource
    let logger: Logger
    let index = AccountIndex()
    let memory = DutyMemory()
    let doorbell = Doorbell()
    let inboxBell = InboxBell()
    /// The name under which it holds leases.
    let identity: String
    /// Deals with pushed messages that are not about money; returns what was done, or nil.
    let converse: Conversation
    /// Sends customers the notices that are due.
    let tellCustomers: Notices

    /// A worker over `settlement` and its providers.
    ///
    /// - Parameters:
    ///   - settlement: what it brings up to date.
    ///   - identity: the name under which it holds leases; another one for each process on a database.
    ///   - configuration: how it works.
    ///   - converse: deals with pushed messages that are not about money.
    ///   - tellCustomers: tells customers what has become of their payments.
    ///   - random: spreads what is tried again.
    ///   - logger: told of problems.
    package init(
        settlement: Settlement,
        identity: String = "the only one",
        configuration: Configuration = Configuration(),
        converse: @escaping Conversation = { _, _ in nil },
        tellCustomers: @escaping Notices = { _ in },
        random: any RandomSource,
        logger: Logger
    ) {
        self.settlement = settlement
        self.identity = identity
        self.configuration = configuration
        self.converse = converse
        self.tellCustomers = tellCustomers
        self.random = random
        self.logger = logger
    }

    /// Does every duty once, one after the other.
    ///
    /// - Returns: what was done; a failure in one duty does not stop the others.
    package func runOnce() async -> Pass {
        var pass = Pass()
        for duty in duties { _ = await carryOut(duty, into: &pass) }
        return pass
    }

    func endWhatIsOver(into pass: inout Pass) async {
        if await trustsTheTime() { await endByTime(into: &pass) }
        await attempt("sold links", into: &pass) { pass in
            pass.expired += try await settlement.endInvoicesOfSoldLinks()
        }
    }

    private func endByTime(into pass: inout Pass) async {
        await attempt("expiry", into: &pass) { pass in pass.expired += try await settlement.expireInvoices().count }
        await attempt("subscriptions", into: &pass) { pass in pass.expired += try await settlement.endSubscriptions() }
    }

    /// Does a duty, if its time has come and no other process does it.
    ///
    /// - Returns: what became of it.
    func carryOut(_ duty: Duty, into pass: inout Pass) async -> DutyOutcome {
        if let interval = duty.interval {
            guard memory.begin(duty.name, at: settlement.clock.now(), interval: interval) else { return .notDue }
        }
        var own = Pass()
        var isOurs = true
        if duty.isLeased {
            isOurs = await alone(at: duty.whole, into: &own, duty.body)
        } else {
            await duty.body(nil, &own)
        }
        pass.add(own)
        guard own.problems.isEmpty else { return .failed(problems: own.problems, causes: own.causes.sorted()) }
        return isOurs ? .done : .elsewhere
    }

    /// Does a piece of work if no other process does it.
    ///
    /// - Returns: whether it was begun.
    private func alone(
        at work: String,
        into pass: inout Pass,
        _ body: (Lease?, inout Pass) async -> Void
    ) async -> Bool {
        guard settlement.database.isShared else {
            await body(nil, &pass)
            return true
        }
        let now = settlement.clock.now()
        let end = now.advanced(by: configuration.leaseDuration)
        var lease: Lease?
        await attempt("lease of \(work)", into: &pass) { _ in
            lease = try await settlement.writeShared { session in
                try session.claimLease(work, by: identity, at: now, until: end)
            }
        }
        guard let lease else {
            stopListening(for: work)
            return false
        }
        await body(lease, &pass)
        return true
    }

    /// Gives back the leases of this process, so that others need not wait.
    ///
    /// - Throws: what the database throws.
    package func releaseLeases() async throws {
        guard settlement.database.isShared else { return }
        let now = settlement.clock.now()
        try await settlement.writeShared { try $0.releaseLeases(of: identity, at: now) }
    }

    func attempt(_ what: String, into pass: inout Pass, _ body: (inout Pass) async throws -> Void) async {
        do { try await body(&pass) } catch  where Task.isCancelled {
            // A failure because the worker is stopped says nothing about the rail.
            return
        } catch {
            pass.problems.append("\(what): \(error)")
            pass.causes.insert((error as? any CodedError)?.cause ?? "internal")
        }
    }

    /// Follows what is on its way at a provider, and then signs and submits what waits, as the wallet has room for it.
    func advanceOutgoing(of provider: any PaymentProvider, under lease: Lease?, into pass: inout Pass) async {
        await attempt("outgoing of \(provider.key)", into: &pass) { pass in
            let sent = try await settlement.outgoingToFollow(of: provider)
            await follow(sent.first, under: lease, into: &pass)
            await follow(sent.others, under: lease, into: &pass)
        }
        await attempt("batches of \(provider.key)", into: &pass) { pass in
            pass.outgoing += try await settlement.signBatch(of: provider, under: lease)
        }
        await attempt("outgoing of \(provider.key)", into: &pass) { pass in
            for id in try await settlement.outgoingToSign(of: provider, under: lease) {
                await attempt("transfer \(id)", into: &pass) { pass in
                    if try await hasAdvanced(id, under: lease) { pass.outgoing += 1 }
                }
            }
        }
        await attempt("outgoing of \(provider.key)", into: &pass) { pass in
            pass.again = try await settlement.pauseBeforeFollowing(provider)
        }
    }

    /// How many transfers are asked about at once.
    private static let followedAtOnce = 8

    /// Takes the next step with transfers that are under way, several at once: each is followed by itself.
    private func follow(_ transfers: [String], under lease: Lease?, into pass: inout Pass) async {
        await withTaskGroup(of: Pass.self) { group in
            var waiting = transfers[...]
            func next() {
                guard let id = waiting.popFirst() else { return }
                group.addTask {
                    var own = Pass()
                    await attempt("transfer \(id)", into: &own) { own in
                        if try await hasAdvanced(id, under: lease) { own.outgoing += 1 }
                    }
                    return own
                }
            }
            for _ in 0..<Self.followedAtOnce { next() }
            for await done in group {
                pass.outgoing += done.outgoing
                pass.problems += done.problems
                pass.causes.formUnion(done.causes)
                next()
            }
        }
    }

    /// Takes the next step with a transfer.
    ///
    /// - Returns: whether its state has changed.
    private func hasAdvanced(_ id: String, under lease: Lease?) async throws -> Bool {
        let before = try await settlement.database.read { try $0.outgoing(id)?.status.state }
        return try await settlement.advance(id, under: lease).status.state != before
    }
}
