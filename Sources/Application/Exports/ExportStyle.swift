package import Seams

/// How an export writes moments and numbers.
package struct ExportStyle: Sendable {
    /// What stands between the digits of a number: a point or a comma.
    package let decimalSeparator: Character
    /// The seconds by which local time is ahead of UTC at a moment.
    package let offset: @Sendable (Timestamp) -> Int

    /// A style; without arguments, that of the interface.
    package init(decimalSeparator: Character = ".", offset: @escaping @Sendable (Timestamp) -> Int = { _ in 0 }) {
        self.decimalSeparator = decimalSeparator
        self.offset = offset
    }

    /// The local date of a moment, `2026-11-30`.
    package func date(of moment: Timestamp) -> String { String(local(moment).prefix(10)) }

    /// A moment of the interface in local time with its offset; a text that is no moment stays as it is.
    package func moment(_ text: String) -> String {
        guard let moment = Timestamp(rfc3339: text) else { return text }
        let seconds = offset(moment)
        guard seconds != 0 else { return text }
        let minutes = abs(seconds) / 60
        let sign = seconds < 0 ? "-" : "+"
        return local(moment).dropLast() + sign + twoDigits(minutes / 60) + ":" + twoDigits(minutes % 60)
    }

    /// A number of the interface.
    package func number(_ text: String) -> String {
        decimalSeparator == "." ? text : String(text.map { $0 == "." ? decimalSeparator : $0 })
    }

    /// The local time, written as if it were UTC.
    private func local(_ moment: Timestamp) -> String {
        moment.advanced(by: .seconds(Int64(offset(moment)))).description
    }

    private func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
