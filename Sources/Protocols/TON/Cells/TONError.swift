import Seams

/// Why bytes are not the TON structure that they should be, or a value does not fit one.
package struct TONError: CodedError {
    /// How the error's text begins.
    package static let domain = "TON"

    /// The kind of fault.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// The bag of cells is not one, or breaks a rule of its format.
        case malformedBag
        /// A limit on bytes, cells or depth is exceeded.
        case tooLarge
        /// A cell's content breaks the rules of its kind.
        case malformedCell
        /// A read goes beyond the end of a cell.
        case underflow
        /// A value does not fit a cell or a field.
        case overflow
        /// The address is not one, or not acceptable.
        case malformedAddress
        /// The structure is not the expected one.
        case malformedStructure
        /// The words are not a mnemonic.
        case malformedMnemonic
        /// A proof does not hold.
        case invalidProof
        /// A key or signature is refused.
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
