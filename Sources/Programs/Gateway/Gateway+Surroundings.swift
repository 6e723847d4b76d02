import Cryptography
package import HTTPMessages
import HTTPTransport
package import Seams
import Settlement
import Webhooks

extension Gateway {
    /// What a gateway gets from outside, so that a run can be repeated.
    package struct Surroundings: Sendable {
        /// The clock.
        package var clock: any WallClock
        /// Randomness.
        package var random: any RandomSource
        /// The way to Telegram and to chain nodes, which the operator has named.
        package var transport: any HTTPTransport
        /// The way to merchants' endpoints, which merchants have named.
        package var webhookTransport: any HTTPTransport
        /// The way to merchants' servers that are asked while a customer waits: nothing else is before them in it.
        package var stockTransport: any HTTPTransport
        /// The way to bridges of customers' wallets, which the operator has named: a connection for each open session.
        package var bridgeTransport: any HTTPTransport
        /// Where a simulated run fails.
        package var faults: FaultInjector

        /// What a gateway gets from outside.
        package init(
            clock: any WallClock,
            random: any RandomSource,
            transport: any HTTPTransport,
            webhookTransport: any HTTPTransport,
            stockTransport: (any HTTPTransport)? = nil,
            bridgeTransport: (any HTTPTransport)? = nil,
            faults: FaultInjector = .none
        ) {
            self.clock = clock
            self.random = random
            self.transport = transport
            self.webhookTransport = webhookTransport
            self.stockTransport = stockTransport ?? webhookTransport
            self.bridgeTransport = bridgeTransport ?? transport
            self.faults = faults
        }

        /// The real ones, as a configuration asks for them.
        package static func system(_ configuration: GatewayConfiguration) -> Self {
            let isLive = configuration.environment == .live
            let endpoints = configuration.webhooks.endpoints
            // Many merchants have their servers at one host; the worker limits how many are talked to.
            let merchants = CurlTransport.Configuration(
                addresses: endpoints.addresses,
                httpsOnly: endpoints.httpsOnly,
                connectionsPerHost: 1_000
            )
            return Self(
                clock: TrustedClock(SystemClock()),
                random: SystemRandom(),
                transport: CurlTransport(.init(addresses: .any, httpsOnly: isLive)),
                webhookTransport: CurlTransport(merchants),
                stockTransport: CurlTransport(merchants),
                bridgeTransport: CurlTransport(
                    .init(addresses: .any, httpsOnly: isLive, connectionsPerHost: 1_000)
                )
            )
        }
    }
}
