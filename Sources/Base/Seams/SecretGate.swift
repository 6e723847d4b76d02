import Synchronization

/// Removes every secret that the process holds from the answers of other parties' servers.
///
/// A server that receives a secret can repeat it in a description, a header or a page. Its answer may become an error
/// text, a log line, a row of the database or an answer to a merchant. So secrets are removed on arrival, before
/// anything reads the answer. The gate stores digests of secrets under a key of the process, and no copy.
///
/// Each secret is found in several forms: as it is, in hexadecimal, in base64, and escaped as in a URL. Its longer
/// parts are found too, where it has parts like a token or a URL. Secrets of fewer than eight bytes cannot be told from
/// other text. When the process releases a secret, the gate forgets it.
///
/// A gate must hold only secrets that nobody outside has chosen, or guard only answers to whoever has chosen them:
/// otherwise a stranger could choose a contract's address or an invoice's comment, and the answers of all nodes would
/// lose it.
package final class SecretGate: Sendable {
    /// The gate of this process.
    package static let shared = SecretGate()

    /// The replacement for a secret.
    static let cutOut = Array("[redacted]".utf8)
    /// How many bytes are compared to find where a secret may begin.
    static let window = 8
    /// The least length of a part of a secret that is hidden on its own.
    private static let longPart = 16
    /// The fewest different bytes of a secret; with fewer it is a pattern, which chains' data is full of.
    private static let leastDifferent = 6

    struct Form: Hashable, Sendable {
        let count: Int
        let digest: Int
    }

    struct Known: Sendable {
        /// A bit for each hash of a window with which a form begins.
        private(set) var filter = [UInt64](repeating: 0, count: 1 << 10)
        /// How often each form is held, by its first window.
        private(set) var forms: [UInt64: [Form: Int]] = [:]
        /// How many windows were removed since the filter was built; their bits are still set.
        private var stale = 0

        mutating func hold(_ form: Form, _ head: UInt64) {
            mark(head)
            forms[head, default: [:]][form, default: 0] += 1
        }

        mutating func release(_ form: Form, _ head: UInt64) {
            guard let count = forms[head]?[form] else { return }
            guard count == 1 else {
                forms[head, default: [:]][form] = count - 1
                return
            }
            forms[head]?[form] = nil
            guard forms[head]?.isEmpty == true else { return }
            forms[head] = nil
            stale += 1
            guard stale > max(1_024, forms.count) else { return }
            (filter, stale) = ([UInt64](repeating: 0, count: filter.count), 0)
            for head in forms.keys { mark(head) }
        }

        private mutating func mark(_ head: UInt64) {
            let bit = SecretGate.bit(head)
            filter[bit >> 6] |= 1 << UInt64(bit & 63)
        }

        /// The forms that begin with a window, and how often each is held.
        func forms(with head: UInt64) -> [Form: Int]? {
            let bit = SecretGate.bit(head)
            guard filter[bit >> 6] & (1 << UInt64(bit & 63)) != 0 else { return nil }
            return forms[head]
        }
    }

    private let known = Mutex(Known())

    /// A gate without secrets.
    package init() {}

    /// Removes a secret from now on, until it was released as often as it was held.
    package func hold(_ secret: UnsafeRawBufferPointer) {
        let forms = unsafe Self.allForms(of: secret)
        known.withLock { known in
            for (form, head) in forms { known.hold(form, head) }
        }
    }

    /// Forgets a secret that the process no longer holds.
    package func release(_ secret: UnsafeRawBufferPointer) {
        let forms = unsafe Self.allForms(of: secret)
        known.withLock { known in
            for (form, head) in forms { known.release(form, head) }
        }
    }

    /// The number of different forms that are held.
    package var size: Int { known.withLock { $0.forms.count } }

    /// The held forms.
    var state: Known { known.withLock { $0 } }

    /// A secret and its longer parts in every form, each with its first window.
    private static func allForms(of secret: UnsafeRawBufferPointer) -> [(Form, UInt64)] {
        let bytes = unsafe Array(secret)
        var texts = Set(forms(bytes))
        let separators = Set("/?&=:@#".utf8)
        for part in bytes.split(whereSeparator: separators.contains) where part.count >= longPart {
            texts.formUnion(forms(Array(part)))
        }
        return texts.map { text in
            unsafe text.withUnsafeBytes { unsafe (Form(count: $0.count, digest: digest($0[...])), head($0, 0)) }
        }
    }

    /// Removes a secret from now on.
    package func hold(_ secret: String) { unsafe Array(secret.utf8).withUnsafeBytes { unsafe hold($0) } }

    /// A text of a peer without the secrets.
    package func cut(_ text: String) -> String { String(decoding: cut(Array(text.utf8)), as: UTF8.self) }

    /// Bytes of a peer without the secrets; all are replaced when a secret is hidden behind JSON escapes.
    package func cut(_ bytes: [UInt8]) -> [UInt8] {
        let known = known.withLock { $0 }
        guard !known.forms.isEmpty, bytes.count >= Self.window else { return bytes }
        let ranges = Self.find(known, in: bytes)
        var cut = ranges.isEmpty ? bytes : []
        var place = 0
        for range in ranges {
            cut += bytes[place..<range.lowerBound]
            cut += Self.cutOut
            place = range.upperBound
        }
        if place > 0 { cut += bytes[place...] }
        guard cut.contains(UInt8(ascii: "\\")) else { return cut }
        return Self.find(known, in: Self.unescaped(cut)).isEmpty ? cut : Self.cutOut
    }

    // MARK: - Finding

    static func find(_ known: Known, in bytes: [UInt8]) -> [Range<Int>] {
        unsafe bytes.withUnsafeBytes { bytes in
            var (ranges, start): ([Range<Int>], Int) = ([], 0)
            let end = bytes.count - window
            while start <= end {
                guard let forms = unsafe known.forms(with: head(bytes, start)),
                    let length = unsafe length(forms, in: bytes, at: start)
                else {
                    start += 1
                    continue
                }
                ranges.append(start..<(start + length))
                start += length
            }
            return ranges
        }
    }

    /// The length of the longest secret at a place; nil when there is none.
    private static func length(_ forms: [Form: Int], in bytes: UnsafeRawBufferPointer, at start: Int) -> Int? {
        let fitting = forms.keys.filter { form in
            unsafe start + form.count <= bytes.count && digest(bytes[start..<(start + form.count)]) == form.digest
        }
        return fitting.map(\.count).max()
    }

    /// The first place at which a secret may begin that continues after the end; nil when there is none.
    static func opening(_ known: Known, in bytes: [UInt8], from first: Int) -> Int? {
        unsafe bytes.withUnsafeBytes { bytes in
            let end = bytes.count - window
            guard end >= first else { return nil }
            return (first...end).first { start in
                unsafe known.forms(with: head(bytes, start))?.keys.contains { start + $0.count > bytes.count } ?? false
            }
        }
    }

    private static func head(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> UInt64 {
        unsafe bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)
    }

    fileprivate static func bit(_ head: UInt64) -> Int { Int((head &* 0x9E37_79B9_7F4A_7C15) >> 48) }

    /// The digest uses a key that the process draws when it starts.
    private static func digest(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
        var hasher = Hasher()
        unsafe hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: bytes))
        return hasher.finalize()
    }

    // MARK: - Forms

    private static func forms(_ bytes: [UInt8]) -> [[UInt8]] {
        guard bytes.count >= window, Set(bytes).count >= leastDifferent else { return [] }
        let (lower, upper) = (Array("0123456789abcdef".utf8), Array("0123456789ABCDEF".utf8))
        func hex(_ digits: [UInt8]) -> [UInt8] { bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] } }
        func escaped(_ digits: [UInt8]) -> [UInt8] {
            bytes.flatMap { byte in
                isUnreserved(byte) ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return [
            bytes, hex(lower), hex(upper), base64(bytes, Array("+/".utf8)), base64(bytes, Array("-_".utf8)),
            escaped(lower),
            escaped(upper),
        ]
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// Base64 without padding (RFC 4648), with the given last two characters of the alphabet; digits that also hold
    /// other bits are left out.
    private static func base64(_ bytes: [UInt8], _ last: [UInt8]) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8) + last
        return (0..<(bytes.count * 8 / 6)).map { index in
            let (byte, shift) = (index * 6 / 8, index * 6 % 8)
            let next = byte + 1 < bytes.count ? bytes[byte + 1] : 0
            let pair = UInt16(bytes[byte]) << 8 | UInt16(next)
            return alphabet[Int(pair >> UInt16(10 - shift)) & 63]
        }
    }

    /// Bytes in which JSON escapes of ASCII characters are undone (RFC 8259, section 7).
    static func unescaped(_ bytes: [UInt8]) -> [UInt8] {
        var (result, index): ([UInt8], Int) = ([], 0)
        result.reserveCapacity(bytes.count)
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count else {
                result.append(bytes[index])
                index += 1
                continue
            }
            guard bytes[index + 1] == UInt8(ascii: "u"), index + 5 < bytes.count,
                let code = UInt16(String(decoding: bytes[(index + 2)...(index + 5)], as: UTF8.self), radix: 16)
            else {
                result.append(bytes[index + 1])
                index += 2
                continue
            }
            result.append(code < 0x80 ? UInt8(code) : UInt8(ascii: "?"))
            index += 6
        }
        return result
    }
}
