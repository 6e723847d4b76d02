import CSecp256k1

/// A libsecp256k1 context, randomised once at creation and only read afterwards.
@safe final class Secp256k1Context: Sendable {
    // The header's condition is that no call takes a non-const pointer to it; only `init` and `deinit` do.
    // Proof: secp256k1.h: "A constructed context can safely be used from multiple threads simultaneously".
    nonisolated(unsafe) private let pointer: OpaquePointer

    /// The context that this process shares.
    static let shared = Secp256k1Context(seed: SystemRandom().secret(32))

    /// A context that is blinded by `seed`, 32 random bytes, against side channels of signing.
    init(seed: SecretBytes) {
        precondition(seed.count == 32, "secp256k1_context_randomize reads 32 bytes")
        guard let pointer = unsafe secp256k1_context_create(UInt32(SECP256K1_CONTEXT_NONE)) else {
            preconditionFailure("secp256k1_context_create returned no context")
        }
        let randomised = unsafe seed.withUnsafeBytes { unsafe secp256k1_context_randomize(pointer, $0.octets) }
        precondition(randomised == 1, "secp256k1_context_randomize failed")
        unsafe self.pointer = pointer
    }

    deinit { unsafe secp256k1_context_destroy(pointer) }

    /// Lends the pointer to `body`; it must not outlive the call.
    @inline(__always)
    static func withPointer<Result>(_ body: (OpaquePointer) -> Result) -> Result {
        let context = shared
        defer { withExtendedLifetime(context) {} }
        return unsafe body(context.pointer)
    }
}
