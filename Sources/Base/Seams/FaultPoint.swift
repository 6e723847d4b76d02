/// A named place in the product where a simulated run may crash, stall or fail.
///
/// In production it does nothing: ``FaultInjector/none`` passes every point.
package struct FaultPoint: RawRepresentable, Hashable, Sendable {
    /// The name, for example `outgoing.after-store-before-submit`.
    package let rawValue: String

    /// The point called `rawValue`.
    package init(rawValue: String) {
        self.rawValue = rawValue
    }
}

/// Decides what happens at each ``FaultPoint``.
package struct FaultInjector: Sendable {
    private let decide: @Sendable (FaultPoint) throws -> Void

    /// An injector that calls `decide` at each point, whose errors are thrown there.
    package init(_ decide: @escaping @Sendable (FaultPoint) throws -> Void) {
        self.decide = decide
    }

    /// Nothing ever fails on purpose.
    package static let none = Self { _ in }

    /// Passes a point, or throws what the simulation wants to happen there.
    package func pass(_ point: FaultPoint) throws {
        try decide(point)
    }
}
