import Checkout
import Cryptography
import HTTPTransport
import Logging
import Seams
import Settlement
import WalletPayments

extension Gateway {
    /// TON Connect, when the configuration asks for it.
    ///
    /// - Throws: ``ConfigurationError``, and `CryptographyError`.
    static func wallets(
        _ configuration: GatewayConfiguration,
        over settlement: Settlement,
        seal: SecretBytes,
        surroundings: Surroundings,
        logger: Logger
    ) throws -> CheckoutWallets? {
        guard let connection = configuration.tonConnect else { return nil }
        let payments = WalletPayments(
            settlement: settlement,
            wallets: try connection.list(isLive: configuration.environment == .live),
            transport: surroundings.bridgeTransport,
            key: try KeyDerivation.hkdfSHA256(
                key: seal,
                salt: Array("settlegate wallet sessions".utf8),
                info: [],
                length: 32
            ),
            random: surroundings.random,
            logger: logger
        )
        return CheckoutWallets(name: connection.name, payments: payments)
    }
}
