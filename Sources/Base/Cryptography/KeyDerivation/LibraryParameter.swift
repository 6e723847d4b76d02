import COpenSSL

extension OSSL_PARAM {
    /// A parameter whose value is a text.
    ///
    /// OpenSSL keeps the pointers to the name and the value, so both are texts of the program and not of an expression.
    static func text(_ name: StaticString, _ value: StaticString) -> OSSL_PARAM {
        unsafe OSSL_PARAM_construct_utf8_string(
            name.cString,
            UnsafeMutablePointer(mutating: value.cString),
            value.utf8CodeUnitCount
        )
    }

    /// A parameter whose value is `bytes`, which must outlive it; they are only read, although one type of parameter
    /// serves both directions.
    static func octets(_ name: StaticString, _ bytes: UnsafeRawBufferPointer) -> OSSL_PARAM {
        unsafe OSSL_PARAM_construct_octet_string(
            name.cString,
            UnsafeMutablePointer(mutating: bytes.octets),
            bytes.count
        )
    }
}

extension StaticString {
    /// The text as C reads it: a static string ends with a zero byte.
    fileprivate var cString: UnsafePointer<CChar> {
        unsafe UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self)
    }
}
