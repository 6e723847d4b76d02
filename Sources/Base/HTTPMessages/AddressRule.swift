/// The addresses to which a request may go, checked by the resolved address when the connection is made.
package enum AddressRule: String, Hashable, Sendable, CaseIterable {
    /// Only addresses of the public internet: for every URL that somebody else has named.
    case publicOnly = "public_only"
    /// Any address: for the operator's own servers, and for development.
    case any

    /// Whether an address, 4 or 16 bytes in network order, belongs to the public internet.
    ///
    /// It follows IANA's special-purpose registries for IPv4 and IPv6. An address that carries an IPv4 address is
    /// checked by that one.
    package static func isPublic(_ address: [UInt8]) -> Bool {
        switch address.count {
        case 4: !specialIPv4.contains { $0.contains(address) }
        case 16: isPublicIPv6(address)
        default: false
        }
    }

    private static func isPublicIPv6(_ address: [UInt8]) -> Bool {
        let isMapped = address.prefix(10).allSatisfy { $0 == 0 } && address[10] == 0xFF && address[11] == 0xFF
        if isMapped { return isPublic(Array(address.suffix(4))) }
        // NAT64 (RFC 6052) and 6to4 (RFC 3056) lead to the IPv4 address that they carry.
        if address.starts(with: [0x00, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]) {
            return isPublic(Array(address.suffix(4)))
        }
        if address.starts(with: [0x20, 0x02]) { return isPublic(Array(address[2..<6])) }
        // Only 2000::/3 is assigned as global unicast.
        guard address[0] & 0xE0 == 0x20 else { return false }
        return !specialIPv6.contains { $0.contains(address) }
    }

    private struct Prefix {
        let bytes: [UInt8]
        let bits: Int

        init(_ bytes: [UInt8], _ bits: Int) {
            self.bytes = bytes
            self.bits = bits
        }

        func contains(_ address: [UInt8]) -> Bool {
            for bit in 0..<bits {
                let mask = UInt8(0x80) >> (bit % 8)
                let stated = bit / 8 < bytes.count ? bytes[bit / 8] : 0
                guard address[bit / 8] & mask == stated & mask else { return false }
            }
            return true
        }
    }

    private static let specialIPv4 = [
        Prefix([0], 8), Prefix([10], 8), Prefix([100, 64], 10), Prefix([127], 8), Prefix([169, 254], 16),
        Prefix([172, 16], 12), Prefix([192, 0, 0], 24), Prefix([192, 0, 2], 24), Prefix([192, 31, 196], 24),
        Prefix([192, 52, 193], 24), Prefix([192, 88, 99], 24), Prefix([192, 168], 16), Prefix([192, 175, 48], 24),
        Prefix([198, 18], 15), Prefix([198, 51, 100], 24), Prefix([203, 0, 113], 24), Prefix([224], 4),
        Prefix([240], 4),
    ]

    private static let specialIPv6 = [
        // Teredo and other protocol assignments, benchmarking, documentation.
        Prefix([0x20, 0x01, 0x00], 23), Prefix([0x20, 0x01, 0x0D, 0xB8], 32), Prefix([0x3F, 0xFF, 0x00], 20),
    ]
}
