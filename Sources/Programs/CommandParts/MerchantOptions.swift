import ArgumentParser
import Foundation
import Gateway
import HTTPMessages
package import HTTPTransport

/// The address of the gateway, for a merchant's developer; the API key comes from the environment.
package struct MerchantOptions: ParsableArguments {
    @Option(help: "The gateway's address.")
    package var gateway = ProcessInfo.processInfo.environment["SETTLEGATE_GATEWAY"] ?? "http://127.0.0.1:8080"

    package init() {}

    /// The way to gateways and to developers' own servers, which are on loopback.
    package static let transport = CurlTransport(.init(addresses: .any, httpsOnly: false))

    /// The API key of the merchant.
    package func key() throws -> String {
        guard let key = ProcessInfo.processInfo.environment["SETTLEGATE_API_KEY"], !key.isEmpty else {
            throw ConfigurationError("set SETTLEGATE_API_KEY to an API key of the merchant")
        }
        return key
    }

    /// The merchant at the gateway.
    package func client() throws -> MerchantClient {
        MerchantClient(transport: Self.transport, baseURL: gateway, key: try key())
    }
}
