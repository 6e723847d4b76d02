import Cryptography

/// An account on TON: a workchain and a hash.
///
/// Two spellings of one account are equal.
package struct TONAddress: Hashable, Sendable, CustomStringConvertible {
    /// 0 for the basechain, -1 for the masterchain; others from -128 to 127 can be written, but do not exist yet.
    package let workchain: Int
    /// The hash of the account's initial state.
    package let hash: CellHash

    /// An account.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/malformedAddress`` for a workchain that no standard address can name
    ///   (block.tlb: `addr_std`, `workchain_id:int8`).
    package init(workchain: Int, hash: CellHash) throws(TONError) {
        guard Int8(exactly: workchain) != nil else {
            throw TONError(.malformedAddress, "a workchain is a number from -128 to 127")
        }
        self.workchain = workchain
        self.hash = hash
    }

    /// Reads any spelling: raw, or friendly in either alphabet; the flags of a friendly one are not kept.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/malformedAddress``.
    package init(_ text: String) throws(TONError) {
        self = try AddressText(text).address
    }

    /// Whether its workchain exists: money sent to another one is lost or comes back.
    package var isOnExistingWorkchain: Bool { workchain == 0 || workchain == -1 }

    /// The raw spelling, `0:` and 64 lower-case hex digits.
    package var raw: String { "\(workchain):\(hash)" }

    /// The raw spelling.
    package var description: String { raw }

    /// A friendly spelling (36 bytes in base 64 with a checksum), url-safe.
    ///
    /// - Parameters:
    ///   - bounceable: whether money should come back to the sender when the account cannot accept it; false for
    ///     wallets that may not exist yet.
    ///   - testOnly: whether software for the main network should refuse it.
    /// - Returns: 48 characters.
    package func friendly(bounceable: Bool, testOnly: Bool = false) -> String {
        var bytes: [UInt8] = [(bounceable ? 0x11 : 0x51) | (testOnly ? 0x80 : 0), UInt8(truncatingIfNeeded: workchain)]
        bytes += hash.bytes
        let checksum = CRC16.xmodem(bytes)
        bytes += [UInt8(checksum >> 8), UInt8(truncatingIfNeeded: checksum)]
        return Base64.encode(bytes, alphabet: .urlSafe)
    }
}

/// One spelling of an account, with the flags that it carries.
package struct AddressText: Hashable, Sendable {
    /// The account.
    package let address: TONAddress
    /// Whether it is marked as bounceable; nil for a raw one.
    package let isBounceable: Bool?
    /// Whether it is marked for the test network; nil for a raw one.
    package let isTestOnly: Bool?

    /// Reads any spelling.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/malformedAddress``.
    package init(_ text: String) throws(TONError) {
        if text.utf8.contains(UInt8(ascii: ":")) {
            address = try Self.raw(text)
            isBounceable = nil
            isTestOnly = nil
            return
        }
        guard text.utf8.count == 48 else { throw Self.malformed("a friendly address has 48 characters") }
        let isURLSafe = text.utf8.contains { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
        let bytes: [UInt8]
        do { bytes = try Base64.decode(text, alphabet: isURLSafe ? .urlSafe : .standard, padding: .optional) } catch {
            throw Self.malformed("a friendly address is base 64 in one alphabet")
        }
        guard bytes.count == 36 else { throw Self.malformed("a friendly address has 36 bytes") }
        guard CRC16.xmodem(bytes[..<34]) == UInt16(bytes[34]) << 8 | UInt16(bytes[35]) else {
            throw Self.malformed("the checksum is wrong; the address was mistyped")
        }
        let tag = bytes[0] & 0x7F
        guard tag == 0x11 || tag == 0x51 else { throw Self.malformed("the tag is neither 0x11 nor 0x51") }
        let hash = CellHash(unchecked: bytes[2..<34])
        address = try TONAddress(workchain: Int(Int8(bitPattern: bytes[1])), hash: hash)
        isBounceable = tag == 0x11
        isTestOnly = bytes[0] & 0x80 != 0
    }

    private static func raw(_ text: String) throws(TONError) -> TONAddress {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let workchain = Int8(parts[0]), "\(workchain)" == parts[0], parts[1].utf8.count == 64
        else {
            throw malformed("a raw address is a workchain (0 or -1), a colon and 64 hex digits")
        }
        let bytes: [UInt8]
        do { bytes = try Hex.decode(parts[1]) } catch { throw malformed("a raw address has 64 hex digits") }
        return try TONAddress(workchain: Int(workchain), hash: CellHash(unchecked: bytes))
    }

    private static func malformed(_ reason: String) -> TONError { TONError(.malformedAddress, reason) }
}

/// The checksum of friendly addresses: CRC-16/XMODEM, polynomial 0x1021, no reflection, initial value 0.
enum CRC16 {
    static func xmodem(_ bytes: some Sequence<UInt8>) -> UInt16 {
        var crc: UInt16 = 0
        for byte in bytes {
            crc ^= UInt16(byte) << 8
            for _ in 0..<8 { crc = crc & 0x8000 != 0 ? crc << 1 ^ 0x1021 : crc << 1 }
        }
        return crc
    }
}
