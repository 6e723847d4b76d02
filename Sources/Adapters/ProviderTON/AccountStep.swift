package import TON

/// One step of an account's history: its place, proven by the hash of its cell, and its content, as far as it can be
/// read.
package struct AccountStep: Hashable, Sendable {
    /// The cell.
    package let cell: Cell
    /// The place in the account's history.
    package let head: TransactionHead
    /// The content; an error when the chain has accepted a form that cannot be read here.
    package let content: Result<ChainTransaction, TONError>

    /// The hash that identifies it.
    package var hash: CellHash { cell.hash }

    /// The content; nil when it cannot be read.
    package var transaction: ChainTransaction? { try? content.get() }

    /// Reads a cell.
    ///
    /// - Throws: `TONError` when not even the place can be read: the cell is no chain transaction.
    init(parsing cell: Cell) throws(TONError) {
        self.cell = cell
        head = try TransactionHead(parsing: cell)
        do throws(TONError) {
            content = .success(try ChainTransaction(parsing: cell))
        } catch { content = .failure(error) }
    }
}
