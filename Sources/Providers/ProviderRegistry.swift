public import Payments

/// The providers of a gateway by their keys.
public struct ProviderRegistry: Sendable {
    /// The providers, in the order in which their options are offered.
    public let providers: [any PaymentProvider]
    private let byKey: [String: any PaymentProvider]

    /// A registry of `providers`.
    ///
    /// - Throws: ``ProviderError`` with ``ProviderError/Code/invalidRequest`` when two of them share a key.
    public init(_ providers: [any PaymentProvider]) throws(ProviderError) {
        var byKey: [String: any PaymentProvider] = [:]
        for provider in providers where byKey.updateValue(provider, forKey: provider.key) != nil {
            throw ProviderError(.invalidRequest, "two providers are called \(provider.key)")
        }
        self.providers = providers
        self.byKey = byKey
    }

    /// The provider with a key.
    public func provider(_ key: String) -> (any PaymentProvider)? { byKey[key] }

    /// The providers of a rail.
    public func providers(of rail: Rail) -> [any PaymentProvider] { providers.filter { $0.rail == rail } }
}
