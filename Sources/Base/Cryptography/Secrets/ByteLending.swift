import COpenSSL

/// A value that lends its bytes as one contiguous block: an array, a slice of one, or a ``SecretBytes``.
package protocol ByteLending {
    /// Calls `body` with the bytes; the pointer must not outlive the call.
    func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result
}

extension Array: ByteLending where Element == UInt8 {}
extension ArraySlice: ByteLending where Element == UInt8 {}
extension ContiguousArray: ByteLending where Element == UInt8 {}

/// One byte that empty blocks point to.
///
/// The C calls tell "no value" from "an empty value" by a null pointer, and an empty Swift array lends a null pointer.
private enum EmptyBlock {
    // One allocation for the life of the process, which nothing writes to after it was initialised.
    // Proof: it is only handed out together with a length of zero, so that nothing reads it.
    nonisolated(unsafe) static let address: UnsafeMutablePointer<UInt8> = {
        let byte = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)
        unsafe byte.initialize(to: 0)
        return unsafe byte
    }()
}

extension UnsafeRawBufferPointer {
    /// The first byte's address, never null.
    var octets: UnsafePointer<UInt8> {
        unsafe baseAddress?.assumingMemoryBound(to: UInt8.self) ?? UnsafePointer(EmptyBlock.address)
    }
}

extension UnsafeMutableRawBufferPointer {
    /// The first byte's address, never null.
    var octets: UnsafeMutablePointer<UInt8> {
        unsafe baseAddress?.assumingMemoryBound(to: UInt8.self) ?? EmptyBlock.address
    }
}

extension Array where Element == UInt8 {
    /// An array of `count` bytes that `fill` writes in full; `nil` when `fill` says that it failed.
    static func filled(count: Int, by fill: (UnsafeMutablePointer<UInt8>) -> Bool) -> Self? {
        var done = false
        let bytes = unsafe Self(unsafeUninitializedCapacity: count) { buffer, initialised in
            done = unsafe fill(UnsafeMutableRawBufferPointer(buffer).octets)
            initialised = done ? count : 0
        }
        return done ? bytes : nil
    }
}
