/// How the rows of a source's files are read, as data: `Config/statements/*.yaml`.
package struct StatementLayout: Hashable, Sendable, Codable {
    /// The name under which an import asks for it.
    package let name: String
    /// The character between fields, one of ASCII.
    package let separator: String
    /// The character before the fraction of an amount, `.` or `,`.
    package let decimal: String
    /// How moments are written.
    package let moment: MomentForm
    /// The columns that name a row, unique within the source.
    package let key: [String]
    /// Where the parts of a line stand.
    package let columns: Columns
    /// The names of what a line refers to, and their columns.
    package let references: [String: String]
    /// The asset of every row where no column tells it, for example `fiat:RUB`.
    package let asset: String?
    /// The kind of every row where no column tells it.
    package let kind: StatementLine.Kind?
    /// The source's words for kinds.
    package let kinds: [String: StatementLine.Kind]?
    /// The kinds whose amounts stand without a sign and left the account.
    package let outgoing: [StatementLine.Kind]?
    /// Rows that are no lines.
    package let skip: [SkippedRows]?
    /// How rows begin that sum up others.
    package let summaries: [String]?

    /// The columns of a line's parts.
    package struct Columns: Hashable, Sendable, Codable {
        /// The source's word for the kind.
        package let kind: String?
        /// When it happened.
        package let occurredAt: String
        /// The currency.
        package let asset: String?
        /// What moved.
        package let amount: String
        /// The amount before the fee.
        package let gross: String?
        /// The fee.
        package let fee: String?
        /// The source's words.
        package let description: String?

        private enum CodingKeys: String, CodingKey {
            case kind, asset, amount, gross, fee, description
            case occurredAt = "occurred_at"
        }
    }

    /// Rows that are left out: those whose column has one of the values.
    package struct SkippedRows: Hashable, Sendable, Codable {
        /// The column.
        package let column: String
        /// Its values.
        package let values: [String]
    }

    /// Checks that the layout says everything that a line needs, once.
    ///
    /// - Throws: ``StatementError`` with ``StatementError/Code/layout``.
    package func check() throws(StatementError) {
        func require(_ condition: Bool, _ reason: String) throws(StatementError) {
            guard condition else { throw StatementError(.layout, "the layout \(name): \(reason)") }
        }
        try require(separator.utf8.count == 1 && separator != "\"", "separator is one ASCII character, and no quote")
        try require([".", ","].contains(decimal), "decimal is . or ,")
        try require(!key.isEmpty, "key names at least one column")
        try require((columns.asset == nil) != (asset == nil), "either columns.asset or asset tells the asset")
        try require((columns.kind == nil) != (kind == nil), "either columns.kind or kind tells the kind")
        try require((columns.kind == nil) == (kinds == nil), "kinds gives the words of columns.kind")
        try require(moment.isKnown, "moment.form is \(MomentForm.known.joined(separator: ", "))")
    }

    /// Every column that the layout names; a file without one of them is not of this layout.
    package var named: Set<String> {
        let parts = [
            columns.kind, columns.occurredAt, columns.asset, columns.amount, columns.gross, columns.fee,
            columns.description,
        ]
        return Set(key + parts.compactMap { $0 } + references.values + (skip ?? []).map(\.column))
    }
}
