import COpenSSL
import Seams

/// The cryptographic generator of OpenSSL, seeded by the operating system.
package struct SystemRandom: RandomSource {
    /// The generator of this process.
    package init() {}

    /// `count` random bytes, fit for keys.
    ///
    /// The process ends when the generator fails, because a caller without randomness cannot do anything safely.
    package func bytes(_ count: Int) -> [UInt8] {
        precondition(count >= 0 && count <= Int32.max, "RAND_bytes takes 0 to 2^31 − 1 bytes")
        guard let bytes = unsafe [UInt8].filled(count: count, by: { unsafe RAND_bytes($0, Int32(count)) == 1 }) else {
            preconditionFailure("\(CryptographyError.openSSL("RAND_bytes"))")
        }
        return bytes
    }

    /// `count` random bytes that exist only in the secret.
    package func secret(_ count: Int) -> SecretBytes {
        precondition(count >= 0 && count <= Int32.max, "RAND_priv_bytes takes 0 to 2^31 − 1 bytes")
        return unsafe SecretBytes(count: count) { block in
            let start = unsafe block.octets
            guard unsafe count == 0 || RAND_priv_bytes(start, Int32(count)) == 1 else {
                preconditionFailure("\(CryptographyError.openSSL("RAND_priv_bytes"))")
            }
        }
    }
}
