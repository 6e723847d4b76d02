import Cryptography
package import EVM
import FixtureConnect
package import FixtureEVM
package import FixtureTON
package import FixtureTelegram
package import HTTPMessages
import HTTPServer
package import Logging
import Seams
package import TON

/// A Telegram, a TON and an EVM chain on loopback, with the control interface beside them, on one port.
package final class SandboxNetworks: Sendable {
    /// The clock of all networks.
    package let clock: SandboxClock
    /// The Telegram.
    package let telegram: FixtureTelegram
    /// The TON chain.
    package let ton: FixtureTON
    /// The jetton that customers can pay with.
    package let jettonMaster: TONAddress
    /// The layout of the jetton's wallets.
    package let jettonLayout = JettonWalletLayout.standard
    /// The EVM chain.
    package let evm: FixtureEVM
    /// The ERC-20 token that customers can pay with.
    package let evmToken: EVMAddress
    /// The number of the EVM chain; a test chain's usual one.
    package static let evmChainID: UInt64 = 31_337
    /// The number of fraction digits of the jetton, and of the token.
    package static let jettonScale = 6
    /// The token of the bot that exists from the start.
    package static let botToken = "4242424242:SandboxSandboxSandboxSandboxSandbox"
    /// The payment provider token that the bot may use.
    package static let providerToken = "284685063:TEST:SandboxProvider"
    /// The address of all networks, without a slash at the end.
    package let url: String
    private let bridge: FixtureBridge
    private let wallets: FixtureWallet
    private let server: HTTPServer

    private init(
        clock: SandboxClock,
        telegram: FixtureTelegram,
        ton: FixtureTON,
        jettonMaster: TONAddress,
        evm: FixtureEVM,
        bridge: FixtureBridge,
        wallets: FixtureWallet,
        server: HTTPServer
    ) {
        self.clock = clock
        self.telegram = telegram
        self.ton = ton
        self.jettonMaster = jettonMaster
        self.evm = evm
        evmToken = Self.token(of: evm)
        self.bridge = bridge
        self.wallets = wallets
        self.server = server
        url = server.url
    }

    /// Starts the networks.
    ///
    /// - Parameters:
    ///   - clock: the clock of all networks.
    ///   - transport: the transport to webhooks.
    ///   - port: the port; 0 takes a free one.
    ///   - seed: decides every key and hash.
    ///   - logger: the server's log.
    /// - Throws: the system's error when it cannot listen on the port.
    /// - Returns: the running networks.
    package static func start(
        clock: SandboxClock,
        transport: any HTTPTransport,
        port: Int = 0,
        seed: UInt64 = 1,
        logger: Logger
    ) async throws -> SandboxNetworks {
        let telegram = FixtureTelegram(clock: clock, transport: transport)
        telegram.addBot(token: botToken, providerToken: providerToken, stars: 0)
        let ton = FixtureTON(clock: clock, network: .testnet, seed: seed)
        let master = try ton.jettonMaster("sandbox dollar")
        let evm = FixtureEVM(clock: clock, chainID: evmChainID, seed: seed)
        let bridge = FixtureBridge(clock: clock)
        let wallets = FixtureWallet(bridge: bridge, chain: ton, random: SystemRandom())
        let control = SandboxControl(
            clock: clock,
            telegram: telegram,
            ton: ton,
            jettonMaster: master,
            evm: evm,
            evmToken: token(of: evm),
            bridge: bridge,
            wallets: wallets
        )
        var configuration = HTTPServer.Configuration(port: port)
        // toncenter takes a thousand addresses in a URL.
        configuration.maximumFieldBytes = 1 << 20
        let server = try await HTTPServer.start(
            configuration,
            logger: logger,
            handler: HTTPServer.Handler(answer: { request in
                if request.url.hasPrefix("/bot") { return .response(await telegram.respond(to: request)) }
                if request.url.hasPrefix("/api/streaming/") { return ton.stream(request) }
                if request.url.hasPrefix("/api/") { return .response(await ton.respond(to: request)) }
                if request.url.hasPrefix("/evm") { return .response(await evm.respond(to: request)) }
                if request.url.hasPrefix("/bridge/") { return bridge.answer(request) }
                return .response(await control.respond(to: request))
            })
        )
        return SandboxNetworks(
            clock: clock,
            telegram: telegram,
            ton: ton,
            jettonMaster: master,
            evm: evm,
            bridge: bridge,
            wallets: wallets,
            server: server
        )
    }

    private static func token(of evm: FixtureEVM) -> EVMAddress {
        evm.token("sandbox dollar", symbol: "USDX", decimals: UInt8(jettonScale))
    }

    /// Control over the networks.
    package var control: SandboxControl {
        SandboxControl(
            clock: clock,
            telegram: telegram,
            ton: ton,
            jettonMaster: jettonMaster,
            evm: evm,
            evmToken: evmToken,
            bridge: bridge,
            wallets: wallets
        )
    }

    /// Has blocks made and updates delivered until the task is cancelled.
    ///
    /// - Parameters:
    ///   - tonBlocks: the time between two blocks of TON.
    ///   - evmBlocks: the time between two blocks of the EVM chain.
    package func run(tonBlocks: Duration = .milliseconds(100), evmBlocks: Duration = .seconds(1)) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.telegram.run() }
            group.addTask { await self.bridge.run() }
            group.addTask { await self.ton.run(every: tonBlocks) }
            group.addTask { await self.ton.keepStreamsAlive() }
            group.addTask { await self.evm.run(every: evmBlocks) }
        }
    }

    /// Stops listening.
    package func stop() async {
        bridge.hangUp()
        ton.hangUp()
        await server.stop()
    }
}
