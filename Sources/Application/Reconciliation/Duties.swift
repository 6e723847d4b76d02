import Providers
import Seams
import Settlement
import Storage

/// A piece of the worker's work that is done again and again, by itself: a slow one delays no other.
struct Duty: Sendable {
    /// The name under which its lease is held and its state is shown, for example `scan of ton-mainnet`.
    let name: String
    /// The duty of which it is a part; the duty itself when it is a whole one.
    ///
    /// The two are never done at once, and share a lease.
    let whole: String
    /// Whether only one process at a time may do it.
    let isLeased: Bool
    /// How long at least lies between two beginnings; nil when every pass does it.
    let interval: Duration?
    /// Whether a failure means that what it asks is away, so that it rests longer after each.
    let restsAfterFailure: Bool
    /// Does it once.
    let body: @Sendable (Lease?, inout ReconciliationWorker.Pass) async -> Void

    /// A duty that one process at a time does.
    init(
        _ name: String,
        partOf whole: String? = nil,
        isLeased: Bool = true,
        every interval: Duration? = nil,
        restsAfterFailure: Bool = false,
        _ body: @escaping @Sendable (Lease?, inout ReconciliationWorker.Pass) async -> Void
    ) {
        self.name = name
        self.whole = whole ?? name
        self.isLeased = isLeased
        self.interval = interval
        self.restsAfterFailure = restsAfterFailure
        self.body = body
    }

    /// Whether it is a part of another duty.
    var isPart: Bool { whole != name }
}

extension ReconciliationWorker {
    /// The duty that reads the history of a provider's accounts.
    static func scan(of provider: String) -> String { "scan of \(provider)" }

    /// The duty that sends a provider's refunds and payouts.
    static func outgoing(of provider: String) -> String { "outgoing of \(provider)" }

    /// The duties that send refunds and payouts.
    var outgoingDuties: [Duty] { settlement.providers.providers.map(outgoing) }

    func outgoing(of provider: any PaymentProvider) -> Duty {
        Duty(Self.outgoing(of: provider.key)) { lease, pass in
            await advanceOutgoing(of: provider, under: lease, into: &pass)
        }
    }

    /// The duties with the providers of now, in the order in which a single pass does them.
    var duties: [Duty] {
        let providers = settlement.providers.providers
        return [
            inbox(.money), inbox(.questions),
            Duty("held wallets", isLeased: false) { _, pass in
                await attempt("held wallets", into: &pass) { _ in try await settlement.showHolds() }
            },
        ]
            + providers.flatMap(arriving)
            + [Duty("expiry", isLeased: false) { _, pass in await endWhatIsOver(into: &pass) }]
            + providers.flatMap(leaving)
            + [
                Duty("notices") { _, pass in
                    await attempt("notices", into: &pass) { _ in try await tellCustomers(settlement.clock.now()) }
                }
            ]
    }

    private func inbox(_ topic: InboxTopic) -> Duty {
        Duty(topic.duty) { lease, pass in await readInbox(topic, under: lease, into: &pass) }
    }

    /// What finds out what came to a provider: its wallets are compared with the books before its first scan, so that
    /// what a wallet did before the gateway knew it is told apart from what is done by its key later.
    private func arriving(at provider: any PaymentProvider) -> [Duty] {
        var duties: [Duty] = []
        if provider.send != nil {
            duties.append(
                Duty("wallets of \(provider.key)", isLeased: false, every: rarely, restsAfterFailure: true) { _, pass in
                    await attempt("wallets of \(provider.key)", into: &pass) { pass in
                        pass.problems += try await settlement.compareWallets(of: provider.key)
                    }
                }
            )
        }
        if let state = provider.state {
            duties.append(
                Duty("statement of \(provider.key)", every: Self.statementInterval, restsAfterFailure: true) {
                    _,
                    pass in
                    await compareStatement(of: provider, by: state, into: &pass)
                }
            )
        }
        guard let scan = provider.scan else { return duties }
        duties.append(
            Duty(Self.scan(of: provider.key), restsAfterFailure: true) { lease, pass in
                await self.scan(provider, by: scan, under: lease, into: &pass)
            }
        )
        guard !scan.scansAccountsOfOptions else { return duties }
        duties.append(
            Duty("balances of \(provider.key)", every: rarely, restsAfterFailure: true) { _, pass in
                await lookForUntraced(of: provider, by: scan, into: &pass)
            }
        )
        return duties
    }

    /// What moves money of a provider: from accounts of single options to the wallet that pays out, from there to whoever is
    /// owed, and to cold storage.
    private func leaving(from provider: any PaymentProvider) -> [Duty] {
        var duties: [Duty] = []
        if let gather = provider.gather {
            duties.append(
                Duty("gathering of \(provider.key)", every: rarely, restsAfterFailure: true) { _, pass in
                    await self.gather(provider, by: gather, into: &pass)
                }
            )
        }
        if configuration.coldStorage.contains(where: { $0.provider == provider.key }) {
            duties.append(
                Duty("cold storage of \(provider.key)", every: rarely, restsAfterFailure: true) { _, pass in
                    await enforceColdStorage(at: provider.key, into: &pass)
                }
            )
        }
        return duties + [outgoing(of: provider)]
    }

    /// The interval of duties that are done less often than a pass.
    private var rarely: Duration { configuration.gatheringInterval }
}
