/// Links that open a wallet with a transfer filled in: `ton://transfer/<address>?amount=…&text=…`.
package enum TransferLink {
    /// A link, which is also the content of a QR code.
    ///
    /// - Parameters:
    ///   - address: the receiver.
    ///   - testOnly: whether wallets of the main network should refuse it.
    ///   - amount: nanotons, or smallest units of the jetton.
    ///   - comment: the comment that the transfer has to carry.
    ///   - jetton: the master of the jetton that is paid; nil for TON coin.
    /// - Returns: the link.
    package static func ton(
        to address: TONAddress,
        testOnly: Bool,
        amount: UInt128,
        comment: String?,
        jetton: TONAddress?
    ) -> String {
        // Not bounceable: the receiver may not exist yet, and would send the money back.
        var link = "ton://transfer/\(address.friendly(bounceable: false, testOnly: testOnly))?amount=\(amount)"
        if let jetton { link += "&jetton=\(jetton.friendly(bounceable: true, testOnly: testOnly))" }
        if let comment { link += "&text=\(percentEncoded(comment))" }
        return link
    }

    /// RFC 3986: everything but unreserved characters, byte by byte.
    private static func percentEncoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
