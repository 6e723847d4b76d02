import Seams

/// Why bytes are not the EVM structure that they should be, or a value does not fit one.
package struct EVMError: CodedError {
    /// How the error's text begins.
    package static let domain = "EVM"

    /// The kind of fault.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// The bytes are not RLP, or not the canonical RLP of their value.
        case malformedRLP
        /// The bytes are not an ABI encoding of the expected types.
        case malformedABI
        /// The text is not an address, or its checksum is wrong.
        case malformedAddress
        /// The structure is not the expected one.
        case malformedStructure
        /// A limit on bytes, items or depth is exceeded.
        case tooLarge
        /// A signature is refused.
        case invalidSignature
        /// A key is refused.
        case invalidKey
    }

    /// The kind of fault.
    package let code: Code
    /// What is wrong, for a person.
    package let reason: String

    /// A fault of the kind `code`.
    package init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }
}
