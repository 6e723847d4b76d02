import COpenSSL
package import Seams
import Synchronization

/// Bytes that must stay secret: wiped when the last reference goes, compared in constant time, never printed.
///
/// Copies of the value share one block of memory. It is not `Codable` and not `Hashable`, so that it cannot slip into
/// a document, a log or a dictionary's key.
package struct SecretBytes: Sendable {
    private let storage: Storage

    /// Takes over `bytes` and wipes the given array.
    ///
    /// Only an array without other references can be wiped: a copy that the caller keeps stays in memory.
    package init(_ bytes: consuming [UInt8]) {
        storage = unsafe bytes.withUnsafeBytes { source in
            unsafe Storage(count: source.count) { unsafe $0.copyMemory(from: source) }
        }
        unsafe bytes.withUnsafeMutableBytes { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
    }

    /// Copies `bytes`; the caller has to wipe the original.
    @unsafe package init(copying bytes: UnsafeRawBufferPointer) {
        storage = unsafe Storage(count: bytes.count) { unsafe $0.copyMemory(from: bytes) }
    }

    /// `count` bytes that `fill` writes in place, so that they exist nowhere else; they are zero before.
    package init(count: Int, filledBy fill: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
        storage = try unsafe Storage(count: count, fill: fill)
    }

    /// Two pieces, one after the other, without another copy.
    init(joining first: some ByteLending, _ second: some ByteLending) {
        self = unsafe first.withUnsafeBytes { first in
            unsafe second.withUnsafeBytes { second in
                unsafe Self(count: first.count + second.count) { target in
                    unsafe target.copyMemory(from: first)
                    let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: target[first.count...])
                    unsafe rest.copyMemory(from: second)
                }
            }
        }
    }

    /// A part of the bytes, without another copy.
    func part(_ range: Range<Int>) -> Self {
        unsafe withUnsafeBytes { unsafe Self(copying: UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    /// Whether the bytes lie in memory that is locked and left out of core dumps.
    package var isLocked: Bool {
        unsafe withUnsafeBytes { unsafe CRYPTO_secure_allocated($0.baseAddress) == 1 }
    }

    /// `count` bytes from `random`.
    package static func random(count: Int, from random: some RandomSource) -> Self {
        Self(random.bytes(count))
    }

    /// How many bytes there are; the length is not treated as a secret.
    package var count: Int { storage.count }

    /// Calls `body` with the bytes; the pointer must not outlive the call, and what `body` copies is not wiped.
    package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        defer { withExtendedLifetime(storage) {} }
        return try unsafe body(storage.bytes)
    }
}

extension SecretBytes: ByteLending {}

extension SecretBytes: Equatable {
    /// Whether the bytes are equal, in a time that depends on their number only.
    package static func == (lhs: Self, rhs: Self) -> Bool { constantTimeEquals(lhs, rhs) }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text that is printed instead of a secret.
    private static let redaction = "‹redacted›"

    /// Always `‹redacted›`.
    package var description: String { Self.redaction }
    /// Always `‹redacted›`.
    package var debugDescription: String { Self.redaction }
    /// No children, so that `dump` and test failures show nothing.
    package var customMirror: Mirror { Mirror(self, children: EmptyCollection(), displayStyle: .struct) }
}

extension SecretBytes {
    /// Removes these bytes from all answers of peers from now on.
    ///
    /// Only for bytes that nobody outside has chosen: a stranger could choose an address or a comment, which the nodes'
    /// answers would lose.
    package func hideFromPeers() { unsafe withUnsafeBytes { unsafe SecretGate.shared.hold($0) } }

    /// Removes these bytes from all answers of peers for as long as the process holds them; see ``hideFromPeers()``.
    package func hideWhileHeld() { storage.hide() }
}

extension SecretBytes {
    /// The block of memory and its wiping.
    ///
    /// It lies in OpenSSL's secure heap, which is locked into memory and left out of core dumps. When there is no room,
    /// it lies elsewhere, and is wiped as well.
    @safe private final class Storage: Sendable {
        /// The size of the secure heap, and of its smallest block; the usual limit of locked memory is 8 MiB.
        private static let heap: Void = { _ = CRYPTO_secure_malloc_init(1 << 20, 32) }()
        /// The most bytes of a block in the secure heap; larger ones are not keys.
        private static let largest = 1 << 14

        // `deinit`, which wipes it, has the last reference.
        // Proof: written in `init` before anything else can see the object, and only read until `deinit`.
        nonisolated(unsafe) private let block: UnsafeMutableRawBufferPointer
        private let isHidden = Atomic(false)

        init(count: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
            let block = unsafe Self.allocate(count)
            _ = unsafe block.initializeMemory(as: UInt8.self, repeating: 0)
            do {
                try unsafe fill(block)
            } catch {
                unsafe Self.wipe(block)
                throw error
            }
            unsafe self.block = block
        }

        deinit {
            if isHidden.load(ordering: .relaxed) { unsafe SecretGate.shared.release(bytes) }
            unsafe Self.wipe(block)
        }

        /// Removes the bytes from all answers of peers until they are wiped.
        func hide() {
            guard !isHidden.exchange(true, ordering: .relaxed) else { return }
            unsafe SecretGate.shared.hold(bytes)
        }

        var count: Int { unsafe block.count }
        var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(block) }

        private static func allocate(_ count: Int) -> UnsafeMutableRawBufferPointer {
            heap
            let size = max(1, count)
            let secure = unsafe size <= largest ? CRYPTO_secure_malloc(size, #fileID, #line) : nil
            guard let start = unsafe secure ?? CRYPTO_malloc(size, #fileID, #line) else {
                preconditionFailure("there is no memory")
            }
            return unsafe UnsafeMutableRawBufferPointer(start: start, count: count)
        }

        private static func wipe(_ block: UnsafeMutableRawBufferPointer) {
            unsafe CRYPTO_secure_clear_free(block.baseAddress, max(1, block.count), #fileID, #line)
        }
    }
}
