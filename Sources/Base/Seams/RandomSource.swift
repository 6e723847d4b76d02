import Synchronization

/// A source of random bytes: the operating system's generator in production, a seeded one in a repeatable run.
package protocol RandomSource: Sendable {
    /// `count` random bytes.
    func bytes(_ count: Int) -> [UInt8]
}

/// A repeatable stream of bytes for tests and simulations; never for keys.
///
/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
package final class SeededRandom: RandomSource, RandomNumberGenerator {
    private let state: Mutex<UInt64>

    /// The stream of `seed`.
    package init(seed: UInt64) {
        state = Mutex(seed)
    }

    /// The next 64 bits of the stream.
    package func next() -> UInt64 {
        state.withLock { state in
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    /// The next `count` bytes of the stream.
    package func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            unsafe withUnsafeBytes(of: next().littleEndian) { unsafe bytes.append(contentsOf: $0) }
        }
        return Array(bytes.prefix(count))
    }
}
