import COpenSSL

/// Whether `lhs` and `rhs` are the same bytes, in a time that depends on their lengths only.
///
/// For tags, tokens and secrets: `==` of an array returns at the first difference and so reveals how far a guess was
/// right.
package func constantTimeEquals(_ lhs: some ByteLending, _ rhs: some ByteLending) -> Bool {
    unsafe lhs.withUnsafeBytes { left in
        unsafe rhs.withUnsafeBytes { right in
            guard left.count == right.count else { return false }
            return unsafe CRYPTO_memcmp(left.octets, right.octets, left.count) == 0
        }
    }
}
