/// The text of the field `Date` (RFC 9110, section 5.6.7).
extension Timestamp {
    private static let dayNames = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let monthNames = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// The moment in whole seconds, for example `Sun, 06 Nov 1994 08:49:37 GMT`.
    package var httpDate: String {
        let day = Self.floorDivide(seconds, by: 86_400)
        let (year, month, dayOfMonth) = Self.civil(fromDay: day)
        // 1970-01-01 was a Thursday.
        let name = Self.dayNames[Int((day % 7 + 7) % 7)]
        let text = description
        let years = String(repeating: "0", count: max(0, 4 - String(year).count)) + String(year)
        let padded = dayOfMonth < 10 ? "0\(dayOfMonth)" : "\(dayOfMonth)"
        return "\(name), \(padded) \(Self.monthNames[Int(month) - 1]) \(years) \(text.dropFirst(11).prefix(8)) GMT"
    }

    /// Reads the form that servers have to send; nil for the two obsolete forms and anything else.
    package init?(httpDate text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 29, text.hasSuffix(" GMT"), bytes.allSatisfy({ $0 < 0x80 }) else { return nil }
        func part(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        guard let month = Self.monthNames.firstIndex(of: part(8..<11)) else { return nil }
        let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        // The day of the week is not checked, because the date determines it.
        guard bytes[3] == UInt8(ascii: ","), bytes[4] == 0x20, bytes[7] == 0x20, bytes[11] == 0x20, bytes[16] == 0x20
        else { return nil }
        self.init(rfc3339: "\(part(12..<16))-\(number)-\(part(5..<7))T\(part(17..<25))Z")
    }
}
