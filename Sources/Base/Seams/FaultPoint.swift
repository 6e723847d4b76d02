/// A named place in the product where a simulated run may crash, stall or fail.
///
/// Inert in production: ``FaultInjector/none`` answers every question with "go on".
public struct FaultPoint: RawRepresentable, Hashable, Sendable {
    /// The name, for example `outgoing.after-store-before-submit`.
    public let rawValue: String

    /// The point called `rawValue`.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }
}

/// Decides what happens at each ``FaultPoint``.
public struct FaultInjector: Sendable {
    private let decide: @Sendable (FaultPoint) throws -> Void

    /// An injector that asks `decide` at each point; what it throws is thrown there.
    public init(_ decide: @escaping @Sendable (FaultPoint) throws -> Void) {
        self.decide = decide
    }

    /// Nothing ever fails on purpose.
    public static let none = Self { _ in }

    /// Passes a point, or throws what the simulation wants to happen there.
    public func pass(_ point: FaultPoint) throws {
        try decide(point)
    }
}
