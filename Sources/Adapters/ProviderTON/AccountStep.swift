package import TON

/// One step of an account's history: its place, which is proven by the hash of its cell, and what it says, as far as that
/// can be read.
package struct AccountStep: Hashable, Sendable {
    /// The cell.
    package let cell: Cell
    /// The place in the account's history.
    package let head: TransactionHead
    /// What it says; an error for what the chain has accepted and we cannot read.
    package let content: Result<ChainTransaction, TONError>

    /// The hash that identifies it.
    package var hash: CellHash { cell.hash }

    /// What it says; nil when it cannot be read.
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
