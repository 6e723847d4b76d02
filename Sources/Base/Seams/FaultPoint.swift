/// A named place in the product where a simulated run may crash, stall or fail.
///
/// Inert in production: ``FaultInjector/none`` answers every question with "go on".
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

    /// An injector that asks `decide` at each point; what it throws is thrown there.
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
