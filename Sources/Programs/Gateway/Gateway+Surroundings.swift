import Cryptography
package import HTTPMessages
import HTTPTransport
package import Seams
import Settlement
import Webhooks

extension Gateway {
    /// The outside world of a gateway, which can be replaced so that a run can be repeated.
    package struct Surroundings: Sendable {
        /// The clock.
        package var clock: any WallClock
        /// Randomness.
        package var random: any RandomSource
        /// The transport to Telegram and chain nodes, which the operator has named.
        package var transport: any HTTPTransport
        /// The transport to merchants' endpoints, which merchants have named.
        package var webhookTransport: any HTTPTransport
        /// The transport to merchants' servers while a customer waits: no other request is ahead of these in it.
        package var stockTransport: any HTTPTransport
        /// The transport to servers that stream and that the operator has named: wallets' bridges, with a connection for
        /// each open session, and chain nodes.
        package var streamTransport: any HTTPTransport
        /// Injects the faults of a simulated run.
        package var faults: FaultInjector

        /// The surroundings of a gateway.
        package init(
            clock: any WallClock,
            random: any RandomSource,
            transport: any HTTPTransport,
            webhookTransport: any HTTPTransport,
            stockTransport: (any HTTPTransport)? = nil,
            streamTransport: (any HTTPTransport)? = nil,
            faults: FaultInjector = .none
        ) {
            self.clock = clock
            self.random = random
            self.transport = transport
            self.webhookTransport = webhookTransport
            self.stockTransport = stockTransport ?? webhookTransport
            self.streamTransport = streamTransport ?? transport
            self.faults = faults
        }

        /// The real surroundings, as a configuration asks for them.
        package static func system(_ configuration: GatewayConfiguration) -> Self {
            let isLive = configuration.environment == .live
            let endpoints = configuration.webhooks.endpoints
            // Many merchants have their servers at one host; the worker limits how many are called at once.
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
                streamTransport: CurlTransport(
                    .init(addresses: .any, httpsOnly: isLive, connectionsPerHost: 1_000)
                )
            )
        }
    }
}
