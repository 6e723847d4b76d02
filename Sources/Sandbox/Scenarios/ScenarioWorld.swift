package import CommandParts
import Cryptography
import EVM
import FixtureEVM
import FixtureTON
import FixtureTelegram
import Foundation
package import Gateway
import HTTPMessages
import HTTPTransport
import Ledger
package import Logging
import MerchantAPI
import Money
import Operations
import Payments
import ProviderTON
import Providers
import Reconciliation
import Records
package import Sandbox
package import Seams
import Settlement
import Storage
package import StrictJSON
import Synchronization
import TON
import Webhooks

/// A gateway over the sandbox, a merchant with its server, and customers: over real sockets, step by step.
///
/// Nothing happens without a call: ``settle()`` has chains mine, Telegram deliver and the gateway's workers work until
/// nothing is left to do.
package final class ScenarioWorld: Sendable {
    /// The networks.
    package let networks: SandboxNetworks
    /// The folder with the gateway's files.
    package let home: SandboxHome
    /// The machine that the gateway runs on, whose clock can be set.
    package let machine: SandboxMachine
    /// The merchant's client of the gateway.
    package var merchant: MerchantClient { client(apiKey) }

    private struct State {
        var gateway: Gateway
        var url = ""
        var apiKey = ""
        var merchantID: MerchantID?
        var ton = SandboxHome.TONSettings()
        /// The API key of the second merchant, which has a bot of its own; nil before it is added.
        var neighbourKey: String?
    }

    private let state: Mutex<State>
    private let transport: CurlTransport
    let server: MerchantServer
    private let logger: Logger
    private let faults: FaultInjector

    private init(
        networks: SandboxNetworks,
        home: SandboxHome,
        machine: SandboxMachine,
        gateway: Gateway,
        transport: CurlTransport,
        server: MerchantServer,
        logger: Logger,
        faults: FaultInjector
    ) {
        self.networks = networks
        self.home = home
        self.machine = machine
        self.transport = transport
        self.server = server
        self.logger = logger
        self.faults = faults
        state = Mutex(State(gateway: gateway))
    }

    /// Makes a world in a folder of its own.
    ///
    /// - Parameters:
    ///   - folder: the folder, which must be empty.
    ///   - catalogues: the folder with the lists.
    ///   - clock: the clock of the whole world.
    ///   - seed: decides the networks' keys.
    ///   - faults: injects the gateway's faults.
    ///   - postgresql: how PostgreSQL is reached, in libpq's words; nil makes an SQLite file in the folder.
    ///   - logger: the log.
    /// - Throws: the error of any part that cannot be started.
    /// - Returns: the world.
    package static func make(
        in folder: String,
        catalogues: String,
        clock: any WallClock = SystemClock(),
        seed: UInt64 = 1,
        faults: FaultInjector = .none,
        postgresql: String? = nil,
        logger: Logger
    ) async throws -> ScenarioWorld {
        let sandboxClock = SandboxClock(clock)
        let transport = CurlTransport(.init(addresses: .any, httpsOnly: false))
        let networks = try await SandboxNetworks.start(
            clock: sandboxClock,
            transport: transport,
            seed: seed,
            logger: logger
        )
        let server = try await MerchantServer.start(clock: sandboxClock, logger: logger)
        let home = try SandboxHome(
            folder: folder,
            catalogues: catalogues,
            networks: networks,
            port: 0,
            postgresql: postgresql
        )
        let machine = SandboxMachine(sandboxClock)
        let gateway = try await open(home, networks, machine, transport, faults, logger)
        let world = ScenarioWorld(
            networks: networks,
            home: home,
            machine: machine,
            gateway: gateway,
            transport: transport,
            server: server,
            logger: logger,
            faults: faults
        )
        try await world.begin()
        return world
    }

    private static func open(
        _ home: SandboxHome,
        _ networks: SandboxNetworks,
        _ machine: SandboxMachine,
        _ transport: CurlTransport,
        _ faults: FaultInjector,
        _ logger: Logger
    ) async throws -> Gateway {
        try await Gateway(
            home.configuration(),
            keystore: home.keystore(),
            surroundings: Gateway.Surroundings(
                clock: TrustedClock(machine),
                random: SystemRandom(),
                transport: transport,
                webhookTransport: transport,
                faults: faults
            ),
            logger: logger
        )
    }

    /// The operator funds the wallet for fees, a merchant is added, and the gateway begins to listen.
    private func begin() async throws {
        let gateway = state.withLock { $0.gateway }
        let added = try await gateway.addMerchant(
            name: "Sandbox shop",
            feeBasisPoints: 100,
            webhookURL: server.url
        )
        if let secret = added.webhookSecret { server.expect(secret) }
        try home.fundWallets()
        let url = try await gateway.listen()
        state.withLock { state in
            state.url = url
            state.apiKey = added.apiKey
            state.merchantID = added.id
        }
    }

    /// The merchant's API key.
    package var apiKey: String { state.withLock { $0.apiKey } }

    /// The client of a merchant with a key.
    package func client(_ key: String) -> MerchantClient {
        MerchantClient(transport: transport, baseURL: state.withLock { $0.url }, key: key)
    }

    /// The API key of the second merchant; nil before it is added.
    var neighbourKey: String? { state.withLock { $0.neighbourKey } }

    /// Remembers the API key of the second merchant.
    func setNeighbour(key: String) { state.withLock { $0.neighbourKey = key } }

    /// The price of an option, in the smallest units of its rail.
    func wireUnits(of option: JSONValue) throws -> Int64 {
        let asset = try asset(option["asset"]?.stringValue ?? "")
        guard let units = Int64(exactly: try asset.wireUnits(of: asset.amount(option["amount"]?.stringValue ?? "")))
        else { throw ScenarioError("the amount is too large") }
        return units
    }

    /// The gateway as it runs now.
    package var gateway: Gateway { state.withLock { $0.gateway } }

    /// Ends everything.
    package func stop() async {
        try? await gateway.close()
        await server.stop()
        await networks.stop()
        transport.close()
    }

    // MARK: - Steps

    /// Kills the gateway and starts it again on the same files.
    ///
    /// - Parameter change: changes the files in between.
    /// - Throws: the error of any part that cannot be started.
    package func restart(after change: () async throws -> Void = {}) async throws {
        try? await gateway.close()
        try await change()
        let gateway = try await Self.open(home, networks, machine, transport, faults, logger)
        let url = try await gateway.listen()
        state.withLock { state in
            state.gateway = gateway
            state.url = url
        }
    }

    /// Runs everything that is under way to its end.
    ///
    /// - Throws: what the chain throws.
    package func settle() async throws {
        var idle = 0
        for _ in 0..<60 where idle < 2 {
            try networks.ton.mine(3)
            networks.evm.mine(4)
            await gateway.lookForMissingRails()
            let delivered = await networks.telegram.deliver()
            let pass = await gateway.worker.runOnce()
            let sent = await gateway.deliveries.runOnce()
            let isIdle = delivered == 0 && !pass.didSomething && sent == 0
            idle = isIdle ? idle + 1 : 0
            // Gives steps of transfers and retries that wait for their time their turn.
            networks.clock.advance(by: .seconds(6))
        }
    }

    /// Has a chain make blocks.
    ///
    /// - Throws: what the chain throws.
    package func mine(_ blocks: Int, on network: String) throws {
        switch network {
        case "ton": try networks.ton.mine(blocks)
        case "evm": networks.evm.mine(blocks)
        default: throw ScenarioError("there is no chain \(network)")
        }
    }

    /// Replaces the last blocks of the EVM chain.
    package func reorganise(depth: Int, dropping: Bool) {
        networks.evm.reorganise(depth: depth, dropping: dropping)
    }

    /// Has the gateway's workers work once.
    ///
    /// - Throws: never; failed work is tried again.
    package func look() async throws {
        _ = await gateway.worker.runOnce()
        _ = await gateway.deliveries.runOnce()
    }

    /// Lets time pass.
    ///
    /// - Throws: what the chain throws.
    package func advance(by duration: Duration) async throws {
        networks.clock.advance(by: duration)
        try networks.ton.mine()
        networks.evm.mine()
    }

    /// Sets how a network misbehaves.
    ///
    /// - Parameters:
    ///   - fault: how.
    ///   - option: the way to pay that the fault is about, where it is about one.
    /// - Throws: when it cannot misbehave that way.
    package func set(_ fault: Scenario.Fault, paying option: JSONValue? = nil) async throws {
        var wish: [JSONValue.Member] = [
            .init("blocks", .integer(Int64(fault.blocks ?? 10))), .init("times", .integer(Int64(fault.times ?? 1))),
            .init("node", .integer(Int64(fault.node ?? 0))), .init("option", option ?? .null),
            .init("instead", .integer(Int64(fault.instead ?? 0))), .init("stream", .optional(fault.stream)),
        ]
        if let option, let by = fault.by, let asset = option["asset"]?.stringValue {
            let units = try self.asset(asset).amount(by, allowingNegative: true).units
            wish += [.init("account", option["address"] ?? .null), .init("units", .string("\(units)"))]
        }
        try networks.control.set(fault.network, fault.kind, .object(wish))
    }

    /// Changes the gateway's wallet settings on TON, and starts it again.
    ///
    /// The operator funds the new wallet for fees.
    ///
    /// - Throws: the error of any part that cannot be started.
    package func setTON(_ change: (inout SandboxHome.TONSettings) -> Void) async throws {
        let (before, after) = state.withLock { state in
            let before = state.ton
            change(&state.ton)
            return (before, state.ton)
        }
        try home.writeConfiguration(port: 0, ton: after)
        if before.isHighload != after.isHighload { try home.fundWallet(after) }
        try await restart()
        guard after.isDerived, !before.isDerived,
            let provider = gateway.settlement.providers.provider("ton-testnet") as? TONProvider
        else { return }
        try networks.ton.pay(2_000_000_000, to: provider.feeWalletAddress, comment: "top-up", by: "operator")
    }

    /// Changes one posting to one unit in the database, without the gateway.
    ///
    /// - Throws: what the database throws.
    package func tamper() async throws {
        _ = try await gateway.settlement.database.write { session in
            try session.execute(
                """
                UPDATE postings SET units = $1 WHERE sequence = (SELECT MAX(sequence) FROM postings) AND line = 0
                """,
                [.units(1)]
            )
        }
    }
}
