import Synchronization

/// Makes identifiers that strictly increase within a process, from a clock and a source of randomness.
package final class IdentifierSource: Sendable {
    private struct State {
        var milliseconds: UInt64 = 0
        var counter: UInt64 = 0
    }

    private static let counterLimit: UInt64 = 1 << 12

    private let clock: any WallClock
    private let random: any RandomSource
    private let state = Mutex(State())

    /// A source that takes the time from `clock`, and the unguessable part from `random`.
    package init(clock: any WallClock, random: any RandomSource) {
        self.clock = clock
        self.random = random
    }

    /// A new identifier, greater than every one before it.
    ///
    /// Within one millisecond a 12-bit counter orders them; when it runs over, or the clock goes back, the millisecond
    /// is taken from the last identifier instead of the clock.
    package func next<Kind>(_ kind: Kind.Type = Kind.self) -> Identifier<Kind> {
        let now = UInt64(clamping: clock.now().milliseconds)
        let (milliseconds, counter) = state.withLock { state in
            if now > state.milliseconds {
                state.milliseconds = now
                state.counter = 0
            } else {
                state.counter += 1
                if state.counter == Self.counterLimit {
                    state.milliseconds += 1
                    state.counter = 0
                }
            }
            return (state.milliseconds, state.counter)
        }
        let tail = random.bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let high = (milliseconds & 0xFFFF_FFFF_FFFF) << 16 | 0x7000 | counter
        let low = tail & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        return Identifier(value: UInt128(high) << 64 | UInt128(low))
    }
}
