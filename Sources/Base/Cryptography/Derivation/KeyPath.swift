/// The path from a seed to a key, for example `m/44'/60'/0'/0/0` (BIP-32, BIP-44).
package struct KeyPath: Hashable, Sendable {
    /// The offset that is added to the number of a hardened step.
    package static let hardened: UInt32 = 1 << 31
    /// The most steps.
    package static let maximumSteps = 32

    /// The numbers of the steps.
    package let steps: [UInt32]

    /// The path with these steps.
    package init(steps: [UInt32]) {
        self.steps = steps
    }

    /// Reads `m` and steps after slashes, hardened ones with `'` or `h`.
    ///
    /// - Throws: ``CryptographyError/invalidParameter(_:)``.
    package init(_ text: String) throws(CryptographyError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.first == "m", parts.count <= Self.maximumSteps + 1 else {
            throw .invalidParameter("a path is 'm' and at most \(Self.maximumSteps) steps behind slashes")
        }
        var steps: [UInt32] = []
        for part in parts.dropFirst() {
            let isHardened = part.hasSuffix("'") || part.hasSuffix("h")
            let digits = isHardened ? part.dropLast() : part
            guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt32(digits),
                number < Self.hardened
            else { throw .invalidParameter("'\(part.prefix(20))' is not a step of a path") }
            steps.append(isHardened ? number + Self.hardened : number)
        }
        self.steps = steps
    }
}
